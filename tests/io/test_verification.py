"""A writer that shifts, flips or loses a segment is caught before the file gets its name, in every format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medseg_app.core.errors import VerificationError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.io import metaimage, nifti, nrrd
from medseg_app.io.dicom import seg_write
from medseg_app.io.formats import export_labels

from .made_labels import labels_on
from .made_series import grids, make_series

FORMATS = {
    "x.seg.dcm": (seg_write, "write_seg"),
    "x.nii": (nifti, "write_labels"),
    "x.nii.gz": (nifti, "write_labels"),
    "x.nrrd": (nrrd, "write_labels"),
    "x.seg.nrrd": (nrrd, "write_labels"),
    "x.mha": (metaimage, "write_labels"),
}
Change = Callable[[LabelMap], LabelMap]


def _moved(labels: LabelMap, by: np.ndarray) -> LabelMap:
    old = labels.geometry
    moved = VolumeGeometry.from_slices(
        old.shape, old.i_step, old.j_step, old.origins + by, old.last_step, old.frame_of_reference_uid
    )
    return replace(labels, geometry=moved)


def _turned(labels: LabelMap, axis: int) -> LabelMap:
    return replace(labels, layers=tuple(np.flip(layer, axis).copy() for layer in labels.layers))


def _without(labels: LabelMap, value: int) -> LabelMap:
    return replace(labels, layers=tuple(np.where(layer == value, 0, layer) for layer in labels.layers))


def _merged(labels: LabelMap) -> LabelMap:
    return replace(labels, layers=tuple(np.where(layer == 3, 1, layer) for layer in labels.layers))


def _one_voxel_less(labels: LabelMap) -> LabelMap:
    layer = labels.layers[0].copy()
    layer[tuple(np.argwhere(layer == 1)[10])] = 0
    return replace(labels, layers=(layer,))


CHANGES: dict[str, Change] = {
    "half a column": lambda labels: _moved(labels, labels.geometry.i_step / 2),
    "half a row": lambda labels: _moved(labels, labels.geometry.j_step / 2),
    "half a slice": lambda labels: _moved(labels, labels.geometry.k_step / 2),
    "flip of columns": lambda labels: _turned(labels, 2),
    "flip of rows": lambda labels: _turned(labels, 1),
    "flip of slices": lambda labels: _turned(labels, 0),
    "lost segment": lambda labels: _without(labels, 7),
    "merged segments": _merged,
    "lost voxel": _one_voxel_less,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("file", FORMATS)
@pytest.mark.parametrize("grid", ["oblique"])
def test_a_mutated_writer_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grid: str, file: str, change: str
) -> None:
    _expect_caught(tmp_path, monkeypatch, grid, file, CHANGES[change])


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("grid", ["tilted", "gap"])
def test_a_mutated_writer_is_caught_where_dcmqi_cannot_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grid: str, change: str
) -> None:
    _expect_caught(tmp_path, monkeypatch, grid, "x.seg.dcm", CHANGES[change])


def _expect_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, grid: str, file: str, change: Change
) -> None:
    volume = make_series(tmp_path / "series", grids()[grid])
    labels = labels_on(volume.geometry)
    module, function = FORMATS[file]
    write = getattr(module, function)

    def mutated(label_map: LabelMap, *others: Any) -> None:
        write(change(label_map), *others)

    monkeypatch.setattr(module, function, mutated)
    with pytest.raises(VerificationError) as caught:
        export_labels(labels, volume, tmp_path / file)
    assert file in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == ["series"]


def test_an_older_file_survives_a_failed_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    labels = labels_on(volume.geometry)
    target = tmp_path / "x.nii.gz"
    export_labels(labels, volume, target)
    before = target.read_bytes()
    write = nifti.write_labels
    monkeypatch.setattr(nifti, "write_labels", lambda label_map, path: write(_turned(label_map, 0), path))
    with pytest.raises(VerificationError):
        export_labels(labels, volume, target)
    assert target.read_bytes() == before


def test_a_frame_that_names_another_image_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    honest = seg_write.references_of

    def rolled(*arguments: Any) -> Any:
        references = honest(*arguments)
        uids = references.instance_uids
        return replace(references, instance_uids=uids[1:] + uids[:1])

    monkeypatch.setattr(seg_write, "references_of", rolled)
    with pytest.raises(VerificationError, match="another image"):
        export_labels(labels_on(volume.geometry), volume, tmp_path / "x.seg.dcm")
    assert not (tmp_path / "x.seg.dcm").exists()


def test_an_unreadable_file_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = make_series(tmp_path / "series", grids()["axial"])
    for file, (module, function) in FORMATS.items():
        monkeypatch.setattr(module, function, _cut_short)
        with pytest.raises(VerificationError):
            export_labels(labels_on(volume.geometry), volume, tmp_path / file)
        assert not (tmp_path / file).exists()


def _cut_short(*arguments: Any) -> None:
    path = next(one for one in arguments if isinstance(one, Path))
    path.write_bytes(b"not what it should be")
