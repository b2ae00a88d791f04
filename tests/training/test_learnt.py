"""A data set that grows is divided anew; what a model has learnt from gives no figures all the same."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace

import numpy as np
import pytest

from medseg_app.app.measure import measure
from medseg_app.app.train import SEEN, HowToTrain, train_model
from medseg_app.core.errors import Cancelled, InputError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.training.dataset import Split, find_cases
from medseg_app.training.evaluate import measure_model
from medseg_app.training.learnt import LETTERS, learnt_by, only_unseen
from medseg_app.training.recipe import read_recipe
from medseg_app.training.references import Reference
from medseg_app.training.train import run_training
from tests.training.tiny import write_cases, write_recipe


@pytest.fixture
def recipe(tmp_path):
    """Of five patients, of whom p4 is kept back."""
    write_cases(tmp_path / "data", 5)
    return read_recipe(write_recipe(tmp_path / "data", steps=2))


def grow(recipe):
    """Another patient comes first, so p3 is kept back now."""
    folder = recipe.path.parent
    for name in ("image", "mask"):
        shutil.copy(folder / f"p4_{name}.nii.gz", folder / f"a0_{name}.nii.gz")
    assert [one.patient for one in find_cases(recipe).validation] == ["p3"]


def images(references):
    return {one.read()[0].sha256[:LETTERS] for one in references}


def test_a_model_folder_tells_what_it_has_learnt_from(recipe, tmp_path):
    out = run_training(recipe, tmp_path / "model")
    split = find_cases(recipe)
    assert learnt_by(out) == images(split.train)
    assert measure_model(read_model_folder(out), recipe)["patients"] == 1


def test_no_figures_on_those_whom_the_model_before_has_seen(recipe, tmp_path):
    first = run_training(recipe, tmp_path / "first")
    grow(recipe)
    told: list[str] = []
    how = HowToTrain(base=str(first), device="cpu", output=tmp_path / "second")
    out = train_model(recipe.path, how, say=told.append)
    assert f"{SEEN}: 0 of 1 cases that are kept back are measured" in told
    assert read_model_folder(out).card.figures == {}
    for model in (first, out):
        with pytest.raises(InputError, match="has learnt from all patients"):
            measure(recipe.path, str(model), device="cpu")


def test_nor_on_those_whom_it_saw_before_it_was_interrupted(recipe, tmp_path):
    def stop(fraction: float, message: str = "") -> None:
        if message.startswith("step 1"):
            raise Cancelled

    with pytest.raises(Cancelled):
        run_training(recipe, tmp_path / "model", progress=stop)
    seen = images(find_cases(recipe).train)
    grow(recipe)
    out = run_training(recipe, tmp_path / "model", resume=True)
    assert learnt_by(out) == seen | images(find_cases(recipe).train)


@dataclass(frozen=True)
class Grey(Reference):
    """An image of a single value."""

    value: int

    def read(self):
        geometry = VolumeGeometry.regular((1, 2, 2), np.eye(4), "")
        return Volume(np.full((1, 2, 2), self.value, np.int16), geometry, "v", "MR"), None


def test_of_a_patient_who_was_seen_no_image_counts():
    kept = tuple(Grey(who, "MR", value, case=f"c{value}") for who, value in (("a", 1), ("a", 2), ("b", 3)))
    split = only_unseen(Split((), kept), images(kept[1:2]))
    assert (split.validation, split.left_out) == (kept[2:], kept[:2])
    assert only_unseen(replace(split, validation=kept), ()).validation == kept
