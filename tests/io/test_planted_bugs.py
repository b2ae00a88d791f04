"""Bugs that moved, flipped or lost masks in other programs, planted here: the tests that exclude them fail.

Each row names the bug's number in `tests/bugs.md`, plants it by replacing one function, and runs a test of
this suite, which has to fail. A test that survives its bug proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medseg_app.core.errors import MedsegError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume
from medseg_app.io import export, flatten, metaimage, nifti, nrrd, regrid, verify
from medseg_app.io.dicom import scan, seg_frames, seg_header, seg_read, seg_write, split
from tests.io import (
    test_export_places,
    test_finest_differences,
    test_formats,
    test_import_labels,
    test_verification,
)
from tests.io.dicom import test_contradictions, test_seg_write

from .made_series import make_series

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


@dataclass(frozen=True)
class Run:
    """A test of this suite, and how it is called with an empty folder."""

    test: Callable[..., None]
    call: Callable[[Path, Patch], None]

    @property
    def name(self) -> str:
        """The test as `tests/bugs.md` names it: file in tests/io, then function."""
        file = self.test.__module__.removeprefix("tests.io.").replace(".", "/")
        return f"{file}.py::{self.test.__name__}"


@dataclass(frozen=True)
class Planted:
    """A bug (number in interop's list), how it is planted, and the test that must notice."""

    bug: int
    what: str
    plant: Plant
    run: Run


# -- what is run -------------------------------------------------------------------------------------


def _in_folder(test: Callable[..., None], *more: Any) -> Run:
    return Run(test, lambda folder, _patch: test(folder, *more))


def _patching(test: Callable[..., None], *more: Any) -> Run:
    return Run(test, lambda folder, patch: test(folder, patch, *more))


def _places(grid: str, file: str) -> Run:
    return _in_folder(test_export_places.test_label_files_on_even_grids, grid, file)


def _seg(grid: str) -> Run:
    return _in_folder(test_export_places.test_seg_on_every_grid, grid)


def _seg_back(grid: str) -> Run:
    return _in_folder(test_export_places.test_seg_comes_back_onto_its_series, grid)


def _seg_read(grid: str) -> Run:
    return _in_folder(test_export_places.test_seg_is_read_where_its_voxels_were_meant, grid)


def _on_oblique(test: Callable[..., None], **more: Any) -> Run:
    return Run(test, lambda folder, _patch: test(tmp_path=folder, volume=_oblique(folder), **more))


def _patching_on_oblique(test: Callable[..., None], *more: Any) -> Run:
    return Run(test, lambda folder, patch: test(folder, patch, _oblique(folder), *more))


def _oblique(folder: Path) -> Volume:
    return make_series(folder / "series", test_export_places.GRIDS["oblique"])


def _reorder(axes: tuple[int, ...], flips: tuple[int, ...]) -> Run:
    test = test_import_labels.test_reordered_and_flipped_masks_land_in_place
    return _on_oblique(test, axes=axes, flips=flips)


def _fine_voxels(file: str) -> Run:
    test = test_finest_differences.test_half_a_voxel_is_caught_where_it_is_less_than_a_tenth_of_a_millimetre
    return _patching_on_oblique(test, file, "i_step")


def _changed_places(file: str) -> Run:
    test = test_finest_differences.test_voxels_that_change_places_within_their_box_are_caught
    return _patching_on_oblique(test, file)


# -- what is planted ---------------------------------------------------------------------------------


def _before(module: Any, name: str, change: Callable[..., tuple[Any, ...]]) -> Plant:
    """Call the function with changed arguments."""

    def plant(patch: Patch) -> None:
        honest = getattr(module, name)
        patch.setattr(module, name, lambda *arguments: honest(*change(*arguments)))

    return plant


def _after(module: Any, name: str, change: Callable[[Any], Any]) -> Plant:
    """Change what the function returns."""

    def plant(patch: Patch) -> None:
        honest = getattr(module, name)
        patch.setattr(module, name, lambda *arguments: change(honest(*arguments)))

    return plant


def _instead(module: Any, name: str, function: Callable[..., Any]) -> Plant:
    return lambda patch: patch.setattr(module, name, function)


def _grid(labels: LabelMap, **changes: Any) -> LabelMap:
    old = labels.geometry
    parts = {"i_step": old.i_step, "j_step": old.j_step, "origins": old.origins, "last_step": old.last_step}
    parts |= changes
    return replace(labels, geometry=VolumeGeometry.from_slices(old.shape, **parts))


def _length(vector: np.ndarray, of: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector) * np.linalg.norm(of)


def _swapped_spacing(labels: LabelMap, *others: Any) -> tuple[Any, ...]:
    old = labels.geometry
    steps = {"i_step": _length(old.i_step, old.j_step), "j_step": _length(old.j_step, old.i_step)}
    return (_grid(labels, **steps), *others)


def _swapped_header(dataset: Any) -> Any:
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.PixelSpacing = list(measures.PixelSpacing)[::-1]
    return dataset


def _axial_header(dataset: Any) -> Any:
    plane = dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    plane.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    return dataset


def _mirrored_header(dataset: Any) -> Any:
    plane = dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    plane.ImageOrientationPatient = [abs(float(value)) for value in plane.ImageOrientationPatient]
    return dataset


def _straight(labels: LabelMap, *others: Any) -> tuple[Any, ...]:
    old = labels.geometry
    heights = (old.origins - old.origins[0]) @ old.normal
    return (_grid(labels, origins=old.origins[0] + heights[:, None] * old.normal), *others)


def _averaged(labels: LabelMap, *others: Any) -> tuple[Any, ...]:
    old = labels.geometry
    shares = np.linspace(0, 1, old.shape[0])[:, None]
    return (_grid(labels, origins=old.origins[0] + shares * (old.origins[-1] - old.origins[0])), *others)


def _shifted(mm: float) -> Callable[..., tuple[Any, ...]]:
    return lambda labels, *others: (
        _grid(labels, origins=labels.geometry.origins + mm * labels.geometry.i_step),
        *others,
    )


def _layers(change: Callable[[np.ndarray], np.ndarray]) -> Callable[..., tuple[Any, ...]]:
    return lambda labels, *others: (
        replace(labels, layers=tuple(np.ascontiguousarray(change(layer)) for layer in labels.layers)),
        *others,
    )


def _filled(layer: np.ndarray) -> np.ndarray:
    from scipy.ndimage import binary_fill_holes

    result = layer.copy()
    for plane in result:
        plane[binary_fill_holes(plane == 1) & (plane == 0)] = 1
    return result


def _without_edge(layer: np.ndarray) -> np.ndarray:
    result = np.zeros_like(layer)
    result[:, 1:-1, 1:-1] = layer[:, 1:-1, 1:-1]
    return result


def _from_first_slice(frames: list[Any], labels: LabelMap, *others: Any) -> tuple[Any, ...]:
    """Positions count from the first slice of the segment instead of the first slice of the series."""
    old = labels.geometry
    first = min(frame.k for frame in frames if frame.segment == 1)
    origins = np.roll(old.origins, first, axis=0)
    return (frames, _grid(labels, origins=origins), *others)


def _reversed_names(references: Any) -> Any:
    return replace(references, instance_uids=references.instance_uids[::-1])


def _qform_only(header: bytes) -> bytes:
    import struct

    return header[:252] + struct.pack("<hh", 1, 0) + header[256:]


class _InPlace:
    """Writes where the file is to be, as if nothing could go wrong."""

    def __init__(self, path: Path, _suffix: str = "") -> None:
        self._path = path

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *_: object) -> None:
        return


BUGS = [
    Planted(1, "spacing of rows and columns swapped in the SEG",
            _after(seg_write, "build_header", _swapped_header), _seg("axial")),
    Planted(1, "spacing of rows and columns swapped in NIfTI",
            _before(nifti, "write_labels", _swapped_spacing), _places("axial", "x.nii.gz")),
    Planted(2, "a mask is taken by its array, not by its affine",
            _instead(regrid, "place", lambda labels, geometry: regrid.Placed(
                LabelMap(tuple(np.resize(a, geometry.shape) for a in labels.layers),
                         geometry, labels.segments), True, 0)), _reorder((1, 0, 2), (1, 2))),
    Planted(2, "NIfTI's right and anterior are taken for left and posterior on reading",
            _after(nifti, "_to_lps_kji", lambda m: np.diag([-1.0, -1.0, 1, 1]) @ m), _reorder((2, 1, 0), ())),
    Planted(3, "frames name the images in the order of a file list",
            _after(seg_write, "references_of", _reversed_names), _seg("axial")),
    Planted(4, "spacing of rows and columns swapped when a SEG is read",
            _after(seg_read, "frame_places", lambda p: replace(
                p, i_step=_length(p.i_step, p.j_step), j_step=_length(p.j_step, p.i_step))),
            _seg_read("oblique")),
    Planted(5, "positions count from the first slice of a segment",
            _before(seg_write, "write_frames", lambda stream, frames, labels, refs:
                    (stream, *_from_first_slice(frames, labels, refs))), _seg("axial")),
    Planted(6, "an oblique SEG is written as if it were axial",
            _after(seg_write, "build_header", _axial_header), _seg("oblique")),
    Planted(7, "frames hang on the slices from the other end",
            _before(seg_write, "write_seg", _layers(lambda a: a[::-1])), _seg("axial")),
    Planted(7, "frames come back on the slices from the other end",
            _after(seg_read, "slices_on", lambda ks: None if ks is None else [11 - k for k in ks]),
            _seg_back("axial")),
    Planted(8, "empty frames are left out though they were asked for",
            _before(seg_write, "frames_of", lambda labels, _every: (labels, False)),
            _on_oblique(test_seg_write.test_every_frame_on_request)),
    Planted(8, "an empty segment is written",
            _instead(export, "nonempty", lambda labels: list(labels.segments)),
            _on_oblique(test_seg_write.test_empty_segments_are_left_out_and_numbers_stay_consecutive)),
    Planted(9, "the sign of a negated column direction is lost",
            _after(seg_write, "build_header", _mirrored_header), _seg("negated")),
    Planted(10, "a tilted stack is straightened in the SEG",
            _before(seg_write, "write_frames", lambda stream, frames, labels, refs:
                    (stream, frames, *_straight(labels, refs))), _seg("tilted")),
    Planted(11, "a tilted stack is straightened in NRRD",
            _before(nrrd, "write_labels", _straight),
            _in_folder(test_export_places.test_nrrd_keeps_a_tilted_grid)),
    Planted(11, "a tilted stack is written to NIfTI",
            lambda patch: (patch.setattr(nifti, "to_ras_ijk", lambda g: nifti._to_lps_kji(g.affine)),
                           patch.setattr(export, "verify", lambda *_: None))[0],
            _in_folder(test_export_places.test_tilted_grid_is_refused_with_a_remedy, "x.nii.gz")),
    Planted(13, "NIfTI slices stand upside down",
            _before(nifti, "write_labels", _layers(lambda a: a[::-1])), _places("axial", "x.nii.gz")),
    Planted(16, "a mismatch is only a warning",
            _instead(export, "verify", lambda *_: None),
            _patching(test_verification.test_a_mutated_writer_is_caught,
                      "oblique", "x.nii.gz", "flip of slices")),
    Planted(16, "labels of another grid take the grid of the images",
            _instead(VolumeGeometry, "same_grid", lambda *_: True),
            _in_folder(test_formats.test_labels_of_another_grid_are_not_written)),
    Planted(17, "overlap is flattened without a word",
            _instead(flatten, "_refuse_overlap", lambda _labels: None),
            _in_folder(test_formats.test_overlap_needs_a_decision, "x.nii.gz")),
    Planted(19, "everything is off by two voxels in the SEG",
            _before(seg_write, "write_seg", _shifted(2.0)), _seg("axial")),
    Planted(19, "everything is off by half a voxel in NIfTI",
            _before(nifti, "write_labels", _shifted(0.5)), _places("oblique", "x.nii.gz")),
    Planted(19, "a tenth of a millimetre may be missing however fine the voxels are",
            _instead(verify, "tolerance_mm", lambda _geometry: 0.1), _fine_voxels("x.nii.gz")),
    Planted(19, "the check of voxels that changed places within their box is left out",
            _instead(verify, "_check_voxels", lambda *_: None), _changed_places("x.nrrd")),
    Planted(22, "images of two patients share a volume",
            _instead(split, "owners", lambda _images: ()), _in_folder(
                test_contradictions.test_images_of_two_owners_never_share_a_volume, "another patient", 30.0)),
    Planted(23, "a slice that shares its UID with another one is lost without a word",
            _instead(scan, "_identity", lambda _head: ()), _in_folder(
                test_contradictions.test_two_images_under_one_uid_are_not_taken_for_copies, 11)),
    Planted(20, "a segment vanishes in the SEG",
            _before(seg_write, "write_frames", lambda stream, frames, labels, refs:
                    (stream, [frame for frame in frames if frame.segment != 1], labels, refs)),
            _seg("axial")),
    Planted(20, "two segments merge in MetaImage",
            _before(metaimage, "write_labels", _layers(lambda a: np.where(a == 3, 1, a))),
            _places("axial", "x.mha")),
    Planted(21, "holes are filled", _before(seg_write, "write_seg", _layers(_filled)), _seg("axial")),
    Planted(21, "voxels at the edge are lost",
            _before(nrrd, "write_labels", _layers(_without_edge)), _places("axial", "x.nrrd")),
    Planted(22, "the SEG lies outside of its series",
            _before(seg_write, "write_seg", _shifted(300.0)), _seg("axial")),
    Planted(23, "uneven slices are averaged to one spacing",
            _before(seg_write, "write_frames", lambda stream, frames, labels, refs:
                    (stream, frames, *_averaged(labels, refs))), _seg("gap")),
    Planted(23, "uneven slices are written to NIfTI",
            lambda patch: (patch.setattr(VolumeGeometry, "is_regular", True),
                           patch.setattr(export, "verify", lambda *_: None))[0],
            _in_folder(test_export_places.test_uneven_slices_are_refused_with_a_remedy, "gap", "x.nii.gz")),
    Planted(24, "only one of NIfTI's two matrices is written",
            _after(nifti, "_header", _qform_only), _places("oblique", "x.nii.gz")),
    Planted(24, "two matrices that disagree are not noticed",
            _instead(nifti, "_check_agreement", lambda *_: None),
            _in_folder(test_formats.test_qform_and_sform_that_disagree_are_refused)),
    Planted(25, "frames stand from the top slice down",
            _after(seg_write, "frames_of", lambda frames: sorted(frames, key=lambda f: (f.segment, -f.k))),
            _on_oblique(test_seg_write.test_frames_stand_by_segment_then_upwards)),
    Planted(26, "a failed export leaves its remains under the final name",
            lambda patch: patch.setattr(export, "replacing", _InPlace),
            _patching(test_verification.test_an_older_file_survives_a_failed_export)),
]  # fmt: skip


FAILURES = (AssertionError, MedsegError, pytest.fail.Exception)


@pytest.mark.parametrize("planted", BUGS, ids=[f"{bug.bug}: {bug.what}" for bug in BUGS])
def test_the_bug_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: Planted) -> None:
    sound, sick = tmp_path / "sound", tmp_path / "sick"
    sound.mkdir()
    sick.mkdir()
    with monkeypatch.context() as patch:
        planted.run.call(sound, patch)
    planted.plant(monkeypatch)
    with pytest.raises(FAILURES):
        planted.run.call(sick, monkeypatch)


def test_frames_that_are_written_are_those_that_were_chosen() -> None:
    """The planted changes reach the code that runs: these names are looked up where they were replaced."""
    assert seg_write.frames_of is seg_frames.frames_of
    assert seg_write.build_header is seg_header.build_header
