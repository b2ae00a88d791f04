"""DICOM SEG of other makers: onto the series they were drawn on, and out again, every voxel in its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medseg_app.core.volume import Volume
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume
from medseg_app.io.formats import export_labels, import_labels, read_labels
from tests.data_folder import data

from .other_readers import assert_same_places, by_dcmqi

CT, SEG = ("seg_dcmqi", "ct-3slice"), "segmentations"
FOREIGN = ["liver.dcm", "partial_overlaps.dcm"]


def _series(*parts: str) -> Volume:
    (info,) = scan_folder(data("dicom", *parts)).volumes
    return load_volume(info)


def _out_again(path: Path, volume: Volume, folder: Path) -> list[str]:
    """Import, export, and compare what dcmqi finds with the places that the foreign file states."""
    said: list[str] = []
    labels = import_labels(path, volume, said.append)
    assert export_labels(labels, volume, folder / "x.seg.dcm").verified
    found, own = by_dcmqi(folder / "x.seg.dcm"), read_labels(path)
    filled = [segment for segment in own.segments if own.mask(segment).any()]
    assert len(found) == len(filled)
    for number, segment in enumerate(filled, 1):
        assert_same_places(found[number], own.geometry.to_patient(np.argwhere(own.mask(segment))))
    return said


@pytest.mark.parametrize("name", FOREIGN)
def test_dcmqi_s(tmp_path: Path, name: str) -> None:
    (path,) = [p for p in data("dicom", "seg_dcmqi").rglob(name) if "ct-3slice" not in p.parts][:1]
    assert _out_again(path, _series(*CT), tmp_path) == []


def test_highdicom_s(tmp_path: Path) -> None:
    path = data("dicom", "seg_highdicom", "seg_image_ct_binary_single_frame.dcm")
    (info,) = [v for v in scan_folder(data("dicom", "seg_highdicom")).volumes if v.modality == "CT"]
    assert _out_again(path, load_volume(info), tmp_path) == []


def test_fractions_of_a_breast(tmp_path: Path) -> None:
    infos = scan_folder(data("dicom", "mr_breast_dce_seg")).volumes
    (info,) = [v for v in infos if v.shape[0] == 60]
    paths = [
        p for p in data("dicom", "mr_breast_dce_seg").rglob("1-1.dcm") if b"FRACTIONAL" in p.read_bytes()
    ]
    (said,) = _out_again(paths[0], load_volume(info), tmp_path)
    assert "at least one half" in said
