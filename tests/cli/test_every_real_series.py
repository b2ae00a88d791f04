"""The two models of real patients on every real series: verified files, or a refusal that says why.

Which volumes there are stands in tests/data/expected_series.json, found with pydicom alone, so that no
series drops out unseen. `pytest -s` prints a line for each run.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from tests.data_folder import data

MODELS = {"ct-head-neck-organs": ("CT",), "sarcoma-mask-rcnn": ("CT", "MR")}
EXPECTED: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "expected_series.json").read_text(encoding="utf-8")
)
VOLUMES = [(folder, volume) for folder, found in EXPECTED.items() for volume in found["volumes"]]

UNEVEN = {
    *(f"2.16.124.113543.6006.99.08975550791105350405#{n}" for n in (1, 10, 11, 12, 13, 14, 15)),
    "1.2.826.0.1.3680043.8.498.13264727539707046196095999688458856228",
    "1.2.826.0.1.3680043.8.498.172569766509356227417197937",
}
"""Phases of a cine of which positions are missing; stacks of dcm2niix's tests with a wrong increment."""
UNEVEN_IN = {"mr_prostate_study/ProstateX-missing-slice"}
TILTED = "1.2.826.0.1.3680043.8.498.172569766509356512040321185"
"""A gantry tilt, which NIfTI refuses and NRRD holds."""
CUT_OFF = "1.2.826.0.1.3680043.2.1143.3712364435022872412969836992152438492"
"""Ten frames, of which another copy that lies beside them is cut off."""


def outcome(model: str, folder: str, volume: dict[str, Any]) -> tuple[int, str]:
    """The exit code of a run, and words that its standard error must hold."""
    if volume["modality"] not in MODELS[model]:
        return 2, f"{volume['id']} are {volume['modality']}, and the model {model} takes"
    if volume["id"] in UNEVEN or folder in UNEVEN_IN:
        return 2, "not evenly spaced"
    if model == "ct-head-neck-organs" and volume["shape_kji"][0] == 1:
        return 2, "is a single slice"
    if volume["id"] == CUT_OFF:
        return 3, "left out: "
    return 0, ""


@pytest.mark.campaign
@pytest.mark.timeout(600)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("folder", "volume"), VOLUMES, ids=[f"{folder}-{volume['id'][-20:]}" for folder, volume in VOLUMES]
)
def test_every_series_ends_in_verified_files_or_a_refusal(medseg, tmp_path, model, folder, volume):
    code, words = outcome(model, folder, volume)
    labels = tmp_path / ("o.nrrd" if volume["id"] == TILTED else "o.nii.gz")
    outs = [labels, tmp_path / "o.seg.dcm", tmp_path / "o.medseg"]
    ran = medseg(
        "predict", data("dicom", *folder.split("/")), "--series", volume["id"], "--model", model,
        "--device", "cpu", "--json", "--quiet", *[word for out in outs for word in ("-o", out)],
    )  # fmt: skip
    found = "refused" if ran.code == 2 else f"{len(ran.document['segments'])} found"
    print(f"\n{ran.code}  {model:20} {folder} {volume['id'][-20:]} {volume['shape_kji']}  {found}")  # noqa: T201
    assert ran.code == code, ran.err
    assert words in ran.err
    if code == 2:
        assert ran.document["error"]["hint"]
        assert list(tmp_path.iterdir()) == []
    else:
        _is_whole(ran.document, labels, volume)


def _is_whole(document: dict[str, Any], labels: Path, volume: dict[str, Any]) -> None:
    """Every output is written and verified, but a SEG without segments, which cannot be."""
    for row in document["outputs"]:
        is_empty_seg = row["path"].endswith(".seg.dcm") and not document["segments"]
        assert row["written"] == row["verified"] == Path(row["path"]).exists() == (not is_empty_seg), row
        assert bool(row["reason"]) == is_empty_seg
    voxels = sitk.GetArrayFromImage(sitk.ReadImage(labels))
    assert list(voxels.shape) == volume["shape_kji"]
    assert sorted(set(np.unique(voxels)) - {0}) == sorted(row["value"] for row in document["segments"])


@pytest.mark.campaign
def test_a_tilted_series_is_refused_as_nifti_with_the_formats_that_hold_it(medseg, tmp_path):
    folder = data("dicom", "vendor_quirks", "failing", "gantrytilting", "001")
    ran = medseg("predict", folder, "--model", "sarcoma-mask-rcnn", "-o", tmp_path / "o.nii.gz")
    assert ran.code == 2
    assert "not at right angles" in ran.err
    assert ".nrrd" in ran.err
    assert list(tmp_path.iterdir()) == []
