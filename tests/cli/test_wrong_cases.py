"""Cases that nothing can be learnt from: named before the first step, exit code 2, and nothing is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

Case = tuple[np.ndarray, np.ndarray]
LABELS = {"background": 0, "ball": 1}


def _write(root: Path, change: Callable[[int, np.ndarray, np.ndarray], Case], labels: dict) -> Path:
    """Six cases of an MR in nnU-Net form; `change` gets number, image and mask of each."""
    for name in ("imagesTr", "labelsTr"):
        (root / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(6):
        mask = np.zeros((32, 32, 32), np.uint8)
        mask[8:20, 8:20, 8:20] = 1
        image = (rng.normal(300, 40, mask.shape) + 300.0 * mask).astype(np.float32)
        image, mask = change(number, image, mask)
        nibabel.save(nibabel.Nifti1Image(image, np.eye(4)), root / f"imagesTr/b_{number}_0000.nii.gz")
        nibabel.save(nibabel.Nifti1Image(mask, np.eye(4)), root / f"labelsTr/b_{number}.nii.gz")
    description = {"channel_names": {"0": "T1"}, "labels": labels, "file_ending": ".nii.gz"}
    (root / "dataset.json").write_text(json.dumps(description))
    return root


def _only(number: int, change: Callable[[np.ndarray, np.ndarray], Case]):
    return lambda n, image, mask: change(image, mask) if n == number else (image, mask)


def _as_they_are(_: int, image: np.ndarray, mask: np.ndarray) -> Case:
    return image, mask


def _with_nan(image: np.ndarray, mask: np.ndarray) -> Case:
    image[3, 3, 3] = np.nan
    return image, mask


def _slice(image: np.ndarray, mask: np.ndarray) -> Case:
    return image[..., 10:11], mask[..., 10:11]


WRONG = {
    "not a number": (_only(2, _with_nan), LABELS, "b_2_0000.nii.gz has 1 voxels that are not numbers"),
    "not a number in a case kept back": (_only(4, _with_nan), LABELS, "b_4_0000.nii.gz has 1 voxels"),
    "empty masks": (lambda n, image, mask: (image, 0 * mask), LABELS, "are all empty"),
    "a class in no mask": (_as_they_are, {**LABELS, "rod": 2}, "holds rod (2)"),
    "ignore": (_as_they_are, {**LABELS, "ignore": 2}, "label to be ignored"),
    "one slice": (_only(2, _slice), LABELS, "b_2_0000.nii.gz is a single slice"),
    "one slice in a case kept back": (_only(4, _slice), LABELS, "b_4_0000.nii.gz is a single slice"),
    "one slice each": (lambda n, *case: _slice(*case), LABELS, "is a single slice"),
    "flat": (_only(2, lambda i, m: (i[..., 9], m[..., 9])), LABELS, "b_2.nii.gz is not a volume"),
    "another grid": (_only(2, lambda i, m: (i, m[:-1])), LABELS, "b_2.nii.gz is not on the grid of"),
    "a mask that is none": (_only(2, lambda i, m: (i, m * np.float32(0.5))), LABELS, "not whole numbers"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_cases_are_named_before_the_first_step(name, medseg, tmp_path):
    change, labels, said = WRONG[name]
    out = tmp_path / "models" / "x"
    data = _write(tmp_path / "data", change, labels)
    ran = medseg("train", data, "-o", out, "--max-minutes", "0.1", "--device", "cpu", "--json")
    assert ran.code == 2, ran.err
    assert said in ran.document["error"]["message"]
    assert ran.document["error"]["hint"]
    assert not out.parent.exists() or not list(out.parent.iterdir())
    assert "step" not in ran.err
    assert "Traceback" not in ran.err


def test_a_case_without_anything_in_it_is_a_case(medseg, tmp_path):
    data = _write(tmp_path / "data", _only(2, lambda i, m: (i, 0 * m)), LABELS)
    ran = medseg("train", data, "-o", tmp_path / "m", "--max-minutes", "0.001", "--device", "cpu")
    assert ran.code == 0, ran.err
    assert "nan" not in ran.err
