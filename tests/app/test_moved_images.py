"""A case whose images moved: found where they are, asked for where they are not, known by their hash."""

from __future__ import annotations

import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest

from medseg_app.app.case_output import case_of, write_case
from medseg_app.app.commands.case import save_case
from medseg_app.app.commands.open import open_case, open_folder, open_image
from medseg_app.app.recovery import find_recoverable, recover
from medseg_app.app.session import Session
from medseg_app.app.settings import Settings
from medseg_app.core.errors import CaseError, ImagesMoved
from medseg_app.core.label_map import LabelMap
from medseg_app.io.dicom.series_writer import write_series
from medseg_app.phantom import marker_phantom
from medseg_app.tools.contract import PointerEvent


@pytest.fixture
def session(folders):
    session = Session(folders, Settings())
    yield session
    session.close()


def write_image(path: Path, number: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    voxels = np.random.default_rng(number).integers(0, 99, (30, 31, 8)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([0.8, 0.9, 3.0, 1.0])), path)
    return path


def stroke(session, k):
    session.view.tool = "brush"
    place = tuple(session.case.volume.geometry.to_patient((k, 15, 15)).tolist())
    session.gestures.press(PointerEvent(place, 0, k))
    session.gestures.release(PointerEvent(place, 0, k))


@pytest.fixture
def case(session, tmp_path) -> Path:
    """A case beside its image, in A."""
    session.run(open_image, path=write_image(tmp_path / "A/image.nii.gz", 1))
    stroke(session, 2)
    path = session.run(save_case, path=tmp_path / "A/k.medseg")
    session.release_case(forget_unsaved=True)
    return path


def test_other_images_at_the_first_place_do_not_hide_the_right_ones(session, case, tmp_path):
    write_image(tmp_path / "B/image.nii.gz", 2)
    copied = Path(shutil.copy(case, tmp_path / "B/k.medseg"))
    session.run(open_case, path=copied)
    assert session.case.volume.source.path == tmp_path / "A/image.nii.gz"


def test_a_file_that_cannot_be_read_does_not_hide_the_right_one(session, case, tmp_path):
    (tmp_path / "B").mkdir()
    (tmp_path / "B/image.nii.gz").write_bytes(b"damaged")
    session.run(open_case, path=Path(shutil.copy(case, tmp_path / "B/k.medseg")))
    assert session.case.volume.source.path == tmp_path / "A/image.nii.gz"


def test_images_that_are_nowhere_are_told_with_every_place_that_was_tried(session, case, tmp_path):
    write_image(tmp_path / "A/image.nii.gz", 2)
    with pytest.raises(ImagesMoved, match=r"A/image.nii.gz are not those that the case was made on"):
        session.run(open_case, path=case)
    (tmp_path / "A/image.nii.gz").unlink()
    with pytest.raises(ImagesMoved, match=r"A/image.nii.gz any more"):
        session.run(open_case, path=case)


def test_a_folder_is_enough_even_when_the_file_has_another_name(session, case, tmp_path):
    moved = tmp_path / "moved"
    write_image(moved / "a.nii.gz", 2)
    (moved / "b.nrrd").write_bytes(b"damaged")
    (tmp_path / "A/image.nii.gz").rename(moved / "renamed.nii.gz")
    session.run(open_case, path=case, source=moved)
    assert session.case.volume.source.path == moved / "renamed.nii.gz"
    session.run(save_case)
    session.run(open_case, path=case)
    assert session.case.volume.source.path == moved / "renamed.nii.gz", "saving keeps the new place"


def study_and_case(folder: Path, *, deidentify: bool = False) -> tuple[Path, Path]:
    """A DICOM study and a case that was made on it."""
    from medseg_app.app.inputs import open_input

    write_series(marker_phantom("oblique")[0], folder / "study", seed=1)
    volume = open_input(folder / "study").volume
    labels = marker_phantom("oblique")[1]
    path = folder / "c.medseg"
    case = case_of(LabelMap(labels.layers, volume.geometry, labels.segments), volume)
    write_case(path, case, deidentify)
    return folder / "study", path


@pytest.mark.parametrize("deidentify", [False, True])
def test_a_moved_study_is_found_in_the_folder_that_was_chosen(session, tmp_path, deidentify):
    study, path = study_and_case(tmp_path, deidentify=deidentify)
    study.rename(tmp_path / "moved")
    with pytest.raises(ImagesMoved):
        session.run(open_case, path=path)
    session.run(open_case, path=path, source=tmp_path / "moved")
    assert session.case.path == path


def test_a_moved_study_that_is_in_the_list_is_found_without_asking(session, tmp_path):
    study, path = study_and_case(tmp_path)
    study.rename(tmp_path / "moved")
    session.run(open_folder, path=tmp_path / "moved")
    session.run(open_case, path=path)
    assert session.case.path == path


def test_a_folder_without_the_series_says_so(session, tmp_path):
    study, path = study_and_case(tmp_path)
    study.rename(tmp_path / "moved")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImagesMoved, match=r"not in .*empty"):
        session.run(open_case, path=path, source=tmp_path / "empty")


def test_interrupted_strokes_come_back_on_images_that_moved(session, folders, tmp_path):
    image = write_image(tmp_path / "A/image.nii.gz", 1)
    session.run(open_image, path=image)
    stroke(session, 3)
    painted = session.case.segmentation.labels().copy()
    session.release_case(forget_unsaved=False)
    (item,) = find_recoverable(folders.journals)
    (tmp_path / "A").rename(tmp_path / "moved")
    with pytest.raises(ImagesMoved):
        session.run(recover, item=item)
    case = session.run(recover, item=item, source=tmp_path / "moved")
    assert np.array_equal(case.segmentation.labels(), painted)
    assert painted.any()


def test_strokes_of_a_case_that_moved_come_with_it(session, folders, case, tmp_path):
    session.run(open_case, path=case)
    stroke(session, 5)
    painted = session.case.segmentation.labels().copy()
    session.release_case(forget_unsaved=False)
    (item,) = find_recoverable(folders.journals)
    case.rename(tmp_path / "k.medseg")
    with pytest.raises(CaseError, match=r"Open it where it is now"):
        session.run(recover, item=item)
    session.run(open_case, path=tmp_path / "k.medseg")
    assert np.array_equal(session.case.segmentation.labels(), painted)
