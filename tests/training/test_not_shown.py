"""Before the first step it is told what the cases to learn from do not show; the model folder keeps it."""

from __future__ import annotations

import numpy as np

from medseg_app.app.train import HowToTrain, remarks_of, train_model
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.training.recipe import read_recipe
from medseg_app.training.train import run_training
from tests.training.tiny import SHAPE, write_cases, write_image, write_recipe


def trained(folder):
    """Two steps, and what was told before them."""
    told: list[str] = []

    def listen(share: float, text: str = "") -> None:
        told.append(text)

    out = run_training(read_recipe(write_recipe(folder, steps=2)), folder / "model", progress=listen)
    return out, told[: told.index("step 0")]


def test_a_class_that_only_patients_kept_back_have_is_named(tmp_path):
    write_cases(tmp_path, 5, without_rod=(0, 1, 2, 3))
    out, told = trained(tmp_path)
    said = "no case to learn from shows Rod, so it is not learnt"
    assert said in told
    assert said in remarks_of(out)
    assert said in read_model_folder(out).card.data


def test_ct_without_air_is_told_as_what_cannot_be_predicted(tmp_path):
    write_cases(tmp_path, 5)
    write_image(tmp_path / "p2_image.nii.gz", np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.int16))
    out, told = trained(tmp_path)
    (said,) = remarks_of(out)
    assert said in told
    assert said.startswith("1 of 4 images to learn from are said to be CT and hold no air")


def test_whole_cases_need_no_words(tmp_path):
    write_cases(tmp_path, 5)
    out, _ = trained(tmp_path)
    assert remarks_of(out) == ()


def test_going_on_from_nothing_is_told(tmp_path):
    write_cases(tmp_path, 4)
    told: list[str] = []
    how = HowToTrain(resume=True, device="cpu", output=tmp_path / "model")
    train_model(write_recipe(tmp_path, steps=1), how, say=told.append)
    assert "no interrupted training of model is there to go on from, so it begins anew" in told
