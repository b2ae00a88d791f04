"""Label maps of real patients go onto their real series and come out, in every format, where they were."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume
from medseg_app.io.formats import export_labels, import_labels
from tests.data_folder import data, missing

from .other_readers import assert_same_places, by_dcmqi, by_nibabel, by_sitk

LUNG = ("dicom", "ct_lung_4d_rtstruct", "113_HM10395", "11-26-1999-NA-p4-13296")
LUNG_LABELS = ("Carina_c40", "LN_c40", "Tumor_c40", "Vertebra_c40")
SARCOMA = [(patient, kind) for patient in ("STS_002", "STS_003") for kind in ("CT", "MR_T1", "PET")]


@dataclass(frozen=True)
class Case:
    """A series, a label map on it, and where the masks' own files put their voxels (LPS mm)."""

    volume: Volume
    labels: LabelMap
    meant: list[np.ndarray]


def _volume(folder: Path) -> Volume:
    [info] = scan_folder(folder).volumes
    return load_volume(info)


def _places(path: Path) -> np.ndarray:
    image = nibabel.load(path)
    voxels = np.argwhere(np.asarray(image.dataobj) > 0)
    return nibabel.affines.apply_affine(image.affine, voxels) * [-1, -1, 1]


@pytest.fixture(scope="module")
def lung() -> Case:
    folder = data(*LUNG)
    volume = _volume(folder)
    paths = [folder / "derived_labels_nifti" / f"{name}.nii.gz" for name in LUNG_LABELS]
    merged = np.zeros(volume.geometry.shape, np.uint8)
    segments = []
    for value, path in enumerate(paths, 1):
        labels = import_labels(path, volume, pytest.fail)
        merged[labels.layers[0] > 0] = value
        segments.append(replace(labels.segments[0], id=value, value=value, name=LUNG_LABELS[value - 1]))
    return Case(volume, LabelMap((merged,), volume.geometry, tuple(segments)), [_places(p) for p in paths])


@pytest.fixture(scope="module", params=SARCOMA, ids=["-".join(pair) for pair in SARCOMA])
def sarcoma(request: pytest.FixtureRequest) -> Case:
    patient, kind = request.param
    volume = _volume(data("dicom", "sarcoma_ct_pet_mr_rtstruct", patient, kind, "image"))
    path = data("train", "soft_tissue_sarcoma", patient, f"{kind}_mask.nii.gz")
    labels = import_labels(path, volume, pytest.fail)
    return Case(volume, labels, [_places(path)])


def _check(case: Case, folder: Path) -> None:
    for name in ("x.seg.dcm", "x.nii.gz", "x.nrrd", "x.mha"):
        assert export_labels(case.labels, case.volume, folder / name).verified
    found = [by_dcmqi(folder / "x.seg.dcm"), by_nibabel(folder / "x.nii.gz")]
    found += [by_sitk(folder / name) for name in ("x.nii.gz", "x.nrrd", "x.mha")]
    for points in found:
        assert sorted(points) == list(range(1, len(case.meant) + 1))
        for number, meant in enumerate(case.meant, 1):
            assert_same_places(points[number], meant)


def test_lung_ct_places(lung: Case, tmp_path: Path) -> None:
    _check(lung, tmp_path)


def test_sarcoma_places(sarcoma: Case, tmp_path: Path) -> None:
    _check(sarcoma, tmp_path)


def _errors(path: Path) -> Counter[str]:
    """dciodvfy's errors by the attribute or value they speak of."""
    if shutil.which("dciodvfy") is None:
        missing("dciodvfy (dicom3tools)")
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False).stderr
    return Counter(line for line in said.splitlines() if line.startswith("Error"))


def test_lung_seg_has_no_error_at_all(lung: Case, tmp_path: Path) -> None:
    export_labels(lung.labels, lung.volume, tmp_path / "x.seg.dcm")
    assert _errors(tmp_path / "x.seg.dcm") == Counter()


def test_sarcoma_seg_has_no_error_that_its_source_has_not(sarcoma: Case, tmp_path: Path) -> None:
    export_labels(sarcoma.labels, sarcoma.volume, tmp_path / "x.seg.dcm")
    assert sarcoma.volume.source is not None
    assert set(_errors(tmp_path / "x.seg.dcm")) <= set(_errors(sarcoma.volume.source.files[0]))
