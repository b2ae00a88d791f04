"""`medseg train` on a newcomer's data set, without a file to edit, and on from an interruption."""

from __future__ import annotations

import json

import nibabel
import numpy as np
import pytest


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Six cases in nnU-Net form: a bright ball in noise."""
    root = tmp_path_factory.mktemp("Dataset001_Balls")
    for name in ("imagesTr", "labelsTr"):
        (root / name).mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        centre = rng.integers(10, 22, 3)
        k, j, i = np.indices((32, 32, 32))
        ball = (k - centre[0]) ** 2 + (j - centre[1]) ** 2 + (i - centre[2]) ** 2 < 36
        image = (rng.normal(0, 20, ball.shape) + 300 * ball - 600).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(image, np.eye(4)), root / "imagesTr" / f"b_{number:03}_0000.nii.gz")
        nibabel.save(
            nibabel.Nifti1Image(ball.astype(np.uint8), np.eye(4)), root / "labelsTr" / f"b_{number:03}.nii.gz"
        )
    description = {
        "channel_names": {"0": "CT"}, "labels": {"background": 0, "ball": 1}, "numTraining": 6,
        "file_ending": ".nii.gz",
    }  # fmt: skip
    (root / "dataset.json").write_text(json.dumps(description))
    return root


def test_a_data_set_needs_no_recipe(medseg, dataset, tmp_path):
    out = tmp_path / "models" / "balls"
    ran = medseg(
        "train", dataset, "--name", "balls", "--max-minutes", "0.05", "-o", out, "--device", "cpu", "--json"
    )
    assert ran.code == 0, ran.err
    assert ran.document["folder"] == str(out)
    (model,) = [
        m for m in medseg("models", "--models", out.parent, "--json").document if m["name"] == "balls"
    ]
    assert model["labels"] == {"1": "ball"}
    assert model["figures"], "the card holds the figures of the cases kept back"
    image = next((dataset / "imagesTr").iterdir())
    label = tmp_path / "o.nii.gz"
    assert medseg("predict", image, "--model", "balls", "--models", out.parent, "-o", label).code == 0


def test_nothing_to_learn_from_is_exit_2(medseg, tmp_path):
    (tmp_path / "empty").mkdir()
    ran = medseg("train", tmp_path / "empty", "-o", tmp_path / "m")
    assert ran.code == 2
    assert "empty" in ran.err
    assert not (tmp_path / "m").exists()


def test_what_is_no_model_is_never_replaced(medseg, dataset, tmp_path):
    folder, file = tmp_path / "results", tmp_path / "notes"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    file.write_text("mine")
    for out in (folder, file):
        ran = medseg("train", dataset, "--max-minutes", "0.01", "-o", out, "--device", "cpu")
        assert ran.code == 2
        assert out.name in ran.err
    assert (folder / "mine.txt").read_text() == file.read_text() == "mine"
