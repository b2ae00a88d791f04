"""Wrong images or a wrong card: a message, exit code 2, and no file; for every kind of model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from medseg_app.engines.model_card import LabelClass, ModelCard
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.io.dicom.series_writer import write_series
from medseg_app.phantom import marker_phantom
from tests.engines.tiny_models import TINY, tiny_weights

NAMES = ["tiny-organs", "tiny-tumours", "tiny-lesions"]


def _image(path: Path, voxels: np.ndarray) -> Path:
    nibabel.save(nibabel.Nifti1Image(voxels.astype(np.float32), np.diag([1.0, 1.0, 3.0, 1.0])), path)
    return path


def _ct(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-1000, 400, shape).astype(np.float32)


def _refused(medseg, tmp_path, *words) -> str:
    outs = [tmp_path / "o.nii.gz", tmp_path / "o.json"]
    ran = medseg("predict", *words, "-o", outs[0], "-o", outs[1], "--json")
    assert ran.code == 2, ran.err
    assert "Traceback" not in ran.err
    assert ran.document["error"]["hint"]
    assert not any(out.exists() for out in outs)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".medseg")]
    return ran.document["error"]["message"]


@pytest.mark.parametrize("name", NAMES)
def test_mr_is_not_given_to_a_ct_model(medseg, models, tmp_path, name):
    write_series(replace(marker_phantom("axial")[0], modality="MR"), tmp_path / "mr", seed=1)
    (volume,) = medseg("info", tmp_path / "mr", "--json").document["volumes"]
    for more in ([], ["--series", volume["id"]], ["--modality", "CT"]):
        words = _refused(medseg, tmp_path, tmp_path / "mr", "--model", name, "--models", models, *more)
        assert "MR" in words


@pytest.mark.parametrize("name", NAMES)
def test_images_that_say_mr_on_the_command_line_are_refused_too(medseg, models, tmp_path, name):
    path = _image(tmp_path / "x.nii", _ct(20, 20, 8))
    words = _refused(medseg, tmp_path, path, "--model", name, "--models", models, "--modality", "MR")
    assert "MR" in words


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("what", "voxels", "said"),
    [
        ("flat", _ct(20, 24), "not a volume"),
        ("two volumes", _ct(20, 24, 8, 2), "4 dimensions"),
        ("values of an MR", np.abs(_ct(20, 24, 8)), "cannot be Hounsfield units"),
        ("empty", np.zeros((20, 24, 8)), "cannot be Hounsfield units"),
        ("air alone", np.full((20, 24, 8), -1000.0), "holds the value -1000 in every voxel"),
        ("nan", np.where(np.arange(8) == 3, np.nan, _ct(20, 24, 8)), "not numbers"),
        ("infinite", np.where(np.arange(8) == 3, -np.inf, _ct(20, 24, 8)), "not numbers"),
    ],
)  # fmt: skip
def test_images_that_no_model_can_use(medseg, models, tmp_path, name, what, voxels, said):
    path = _image(tmp_path / "x.nii", voxels)
    assert said in _refused(medseg, tmp_path, path, "--model", name, "--models", models), what


@pytest.mark.parametrize("name", ["tiny-organs", "tiny-tumours"])
def test_a_single_slice_is_not_given_to_a_model_of_volumes(medseg, models, tmp_path, name):
    path = _image(tmp_path / "x.nii", _ct(40, 44, 1))
    words = _refused(medseg, tmp_path, path, "--model", name, "--models", models)
    assert "single slice" in words
    assert name in words


def test_a_series_of_one_slice_is_not_given_to_a_model_of_volumes(medseg, models, tmp_path):
    files = write_series(marker_phantom("axial")[0], tmp_path / "s", seed=1)
    for file in files[1:]:
        file.unlink()
    words = _refused(medseg, tmp_path, tmp_path / "s", "--model", "tiny-organs", "--models", models)
    assert "single slice" in words


def test_a_single_slice_is_enough_for_a_model_of_slices(medseg, models, tmp_path):
    path, out = _image(tmp_path / "x.nii", _ct(40, 44, 1)), tmp_path / "o.nii.gz"
    assert medseg("predict", path, "--model", "tiny-lesions", "--models", models, "-o", out).code == 0
    assert nibabel.load(out).shape == (40, 44, 1)


def _changed(name: str, how: str) -> ModelCard:
    card = TINY[name]
    labels = dict(card.labels)
    if how == "a class too many":
        return replace(card, labels={**labels, 9: LabelClass("Ninth", (1, 2, 3), "instance")})
    if how == "a class too few":
        return replace(card, labels=dict(list(labels.items())[:-1]))
    channels = {"CT": card.preprocessing["channels"]["CT"] * 2}
    return replace(card, preprocessing={**card.preprocessing, "channels": channels})


WRONG_CARDS = [(name, how) for name in TINY for how in ("a class too many", "another channel")]


@pytest.mark.parametrize(("name", "how"), [*WRONG_CARDS, ("unet", "a class too few")])
def test_a_card_that_is_not_that_of_its_network(medseg, image, tmp_path, name, how):
    card = _changed(name, how)
    write_model_folder(tmp_path / "models" / "wrong", card, tiny_weights(name))
    words = _refused(medseg, tmp_path, image, "--model", card.name, "--models", tmp_path / "models")
    assert card.name in words
    assert "its card" in words


def test_one_bad_volume_of_many_is_named_and_the_others_are_done(medseg, models, tmp_path):
    good = marker_phantom("axial")[0]
    write_series(good, tmp_path / "s" / "good", seed=1, series="good")
    thin = write_series(marker_phantom("coronal")[0], tmp_path / "s" / "thin", seed=2, series="thin")
    for file in thin[1:]:
        file.unlink()
    out = tmp_path / "out"
    words = ["--series", "all", "--model", "tiny-organs", "--models", models, "--format", "nii.gz", "-o", out]
    ran = medseg("predict", tmp_path / "s", *words, "--json")
    assert ran.code == 3
    states = sorted((volume["state"], volume["reason"] or "") for volume in ran.document["volumes"])
    assert [state for state, _ in states] == ["done", "failed"]
    assert "single slice" in states[1][1]
    assert len(list(out.glob("*.nii.gz"))) == 1
