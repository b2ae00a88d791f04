"""The phantom's truth goes onto its DICOM series and is found, by other readers, where it was drawn."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from medseg_app.app.demo_study import write_demo_study, write_stacks
from medseg_app.core.label_map import LabelMap
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume
from medseg_app.io.formats import ExportOptions, export_labels
from medseg_app.io.regrid import place
from medseg_app.phantom import make_phantom, marker_phantom
from medseg_app.phantom.variants import VARIANTS
from tests.data_folder import missing

from .other_readers import assert_same_places, by_dcmqi, by_pydicom, by_sitk

SEED = 4


def _errors(path: Path) -> list[str]:
    if shutil.which("dciodvfy") is None:
        missing("dciodvfy (dicom3tools)")
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False).stderr
    return [line for line in said.splitlines() if line.startswith("Error")]


def _points(labels: LabelMap) -> list[np.ndarray]:
    return [
        labels.geometry.to_patient(np.argwhere(labels.mask(segment)))
        for segment in labels.segments
        if labels.mask(segment).any()
    ]


def test_the_demo_study_in_seg_nifti_and_nrrd(tmp_path: Path) -> None:
    volumes = scan_folder(write_demo_study(tmp_path / "study", SEED)).volumes
    volume = load_volume(max(volumes, key=lambda info: info.shape[0]))
    drawn = make_phantom(SEED).truth
    truth = place(drawn, volume.geometry)
    assert (truth.exact, truth.outside) == (True, 0)
    labels = truth.label_map
    for name in ("x.seg.dcm", "x.nii.gz", "x.nrrd", "x.seg.nrrd"):
        assert export_labels(labels, volume, tmp_path / name, ExportOptions(overlap="last")).verified
    assert _errors(tmp_path / "x.seg.dcm") == []
    found = by_pydicom(tmp_path / "x.seg.dcm")
    for number, points in enumerate(_points(drawn), 1):
        assert_same_places(found[number], points)


@pytest.mark.parametrize("name", VARIANTS)
def test_every_awkward_series(tmp_path: Path, name: str) -> None:
    drawn = marker_phantom()[1]
    write_stacks(VARIANTS[name](marker_phantom()[0]), tmp_path / "series", seed=1)
    main = max(scan_folder(tmp_path / "series").volumes, key=lambda info: np.prod(info.shape))
    volume = load_volume(main)
    labels = place(drawn, volume.geometry).label_map
    written = export_labels(labels, volume, tmp_path / "x.seg.dcm")
    assert written.verified
    assert _errors(tmp_path / "x.seg.dcm") == []
    reader = by_dcmqi if written.reader == "dcmqi" else by_pydicom
    found = reader(tmp_path / "x.seg.dcm")
    for number, points in enumerate(_points(labels), 1):
        assert_same_places(found[number], points)
    if written.reader == "dcmqi":
        export_labels(labels, volume, tmp_path / "x.nii.gz")
        for value, points in zip(sorted(by_sitk(tmp_path / "x.nii.gz")), _points(labels), strict=True):
            assert_same_places(by_sitk(tmp_path / "x.nii.gz")[value], points)
