"""Watched patients: nothing is learnt from them, their loss is written down and can end a training."""

from __future__ import annotations

import csv
import re
from dataclasses import replace

import pytest
import torch

from medseg_app.core.errors import Cancelled
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.training import train
from medseg_app.training.curves import CSV_NAME, PNG_NAME, CurvePoint, curve_csv, curve_png
from medseg_app.training.model_readme import model_readme
from medseg_app.training.recipe import read_recipe
from medseg_app.training.references import Reference
from medseg_app.training.rewrite_card import rewrite_card
from medseg_app.training.watch import has_stalled, set_apart
from tests.training.tiny import write_cases, write_recipe

NO_FIGURES = {
    "patients": 1, "nsd_tolerance_mm": 2.0, "classes": {}, "headline_classes": [], "mean_dice": None
}  # fmt: skip


def references(*patients: str) -> tuple[Reference, ...]:
    return tuple(Reference(patient, modality) for patient in patients for modality in ("CT", "MR"))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_patients_are_set_apart_whole(count):
    everybody = references("a", "b", "c", "d", "e")
    learnt, watched = set_apart(everybody, count)
    assert len({r.patient for r in watched}) == count
    assert not {r.patient for r in watched} & {r.patient for r in learnt}
    assert set(learnt) | set(watched) == set(everybody)


def test_somebody_is_always_left_to_learn_from():
    learnt, watched = set_apart(references("a", "b"), 5)
    assert len({r.patient for r in learnt}) == len({r.patient for r in watched}) == 1


@pytest.mark.parametrize(
    ("losses", "patience", "stalled"),
    [
        ([3, 2, 1], 0, False),
        ([3, 2, 1], 2, False),
        ([1, 2, 3], 2, True),
        ([1, 2, 0.5], 2, False),
        ([1, 1, 1], 2, True),
        ([1, 2], 2, False),
    ],
)
def test_a_training_has_stalled_when_the_last_looks_were_no_better(losses, patience, stalled):
    assert has_stalled(losses, patience) is stalled


@pytest.fixture
def recipe(tmp_path):
    write_cases(tmp_path, 5)
    found = read_recipe(write_recipe(tmp_path, steps=12))
    return replace(found, training=replace(found.training, watch=1, look_every=4))


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_the_watched_loss_is_that_of_others_and_stands_in_the_curve(recipe, tmp_path, monkeypatch, task):
    if task == "instance":
        other = read_recipe(write_recipe(tmp_path, "instance", steps=8))
        recipe = replace(other, training=replace(other.training, watch=1, look_every=4))
    read: list[tuple[str, ...]] = []
    real = train.read_cases
    monkeypatch.setattr(
        train,
        "read_cases",
        lambda refs, *rest: (read.append(tuple(r.patient for r in refs)), real(refs, *rest))[1],
    )
    recipe = replace(recipe, thresholds={"min_score": 0.5})
    folder = read_model_folder(train.run_training(recipe, tmp_path / "model"))
    assert read == [("p0", "p1", "p3"), ("p2",)]
    rows = list(csv.DictReader(folder.documents()[CSV_NAME].decode().splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(4, recipe.training.steps + 1, 4))
    assert all(float(row["watched"]) > 0 for row in rows)
    assert folder.documents()[PNG_NAME].startswith(b"\x89PNG")


def test_a_training_ends_early_once_nothing_gets_better(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(train.Watch, "loss", lambda self, network: 1.0)
    recipe = replace(recipe, training=replace(recipe.training, steps=10_000, patience=2))
    folder = read_model_folder(train.run_training(recipe, tmp_path / "model"))
    rows = list(csv.DictReader(folder.documents()[CSV_NAME].decode().splitlines()))
    assert [int(row["step"]) for row in rows] == [4, 8, 12]


def shipped(folder):
    from safetensors.torch import load

    return load(read_model_folder(folder).weights())


def watched_at(monkeypatch, losses):
    """The weights that watched patients are judged with, look by look, whose losses are these."""
    seen, told = [], iter(losses)

    def loss(_, network):
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return next(told)

    monkeypatch.setattr(train.Watch, "loss", loss)
    return seen


def is_same(weights, state):
    return all(torch.equal(tensor, state[name]) for name, tensor in weights.items())


@pytest.mark.parametrize(("patience", "kept"), [(2, 1), (0, 3)])
def test_where_patients_end_a_training_the_best_weights_are_shipped(
    recipe, tmp_path, monkeypatch, patience, kept
):
    training = replace(recipe.training, steps=16, patience=patience, half=False)
    seen = watched_at(monkeypatch, [3.0, 1.0, 2.0, 2.5])
    out = train.run_training(replace(recipe, training=training), tmp_path / "model")
    assert len(seen) == 4
    assert [is_same(shipped(out), state) for state in seen] == [n == kept for n in range(4)]
    said = "(the weights are those of step 8)" in read_model_folder(out).card.trained
    assert said is (patience > 0)


def test_the_best_weights_outlive_an_interruption(recipe, tmp_path, monkeypatch):
    def stop(fraction: float, message: str = "") -> None:
        if "step 10" in message:
            raise Cancelled

    training = replace(recipe.training, steps=16, patience=2, half=False)
    recipe = replace(recipe, training=training)
    seen = watched_at(monkeypatch, [3.0, 1.0, 2.0, 2.5])
    with pytest.raises(Cancelled):
        train.run_training(recipe, tmp_path / "model", progress=stop)
    out = train.run_training(recipe, tmp_path / "model", resume=True)
    assert is_same(shipped(out), seen[1])


def test_what_is_shipped_is_the_running_mean(recipe, tmp_path):
    """With a mean that keeps all, it moves a tenth of the way in the first step, not all of it."""
    shipped_after = {}
    for ema in (0.0, 0.999):
        training = replace(recipe.training, steps=1, ema=ema, half=False, watch=0)
        out = train.run_training(replace(recipe, training=training), tmp_path / str(ema))
        shipped_after[ema] = shipped(out)
    still = replace(recipe.training, steps=1, learning_rate=0.0, half=False, watch=0)
    first = shipped(train.run_training(replace(recipe, training=still), tmp_path / "still"))
    for name, start in first.items():
        last, mean = shipped_after[0.0][name], shipped_after[0.999][name]
        keep = 2 / 11
        assert torch.allclose(mean, keep * start + (1 - keep) * last, atol=1e-6), name
    assert any(not torch.equal(shipped_after[0.0][name], start) for name, start in first.items())


def test_looking_changes_nothing(recipe, tmp_path):
    looked = train.run_training(recipe, tmp_path / "looked")
    blind = replace(recipe, training=replace(recipe.training, look_every=10_000))
    weights = "models/model.safetensors"
    assert (train.run_training(blind, tmp_path / "b") / weights).read_bytes() == (
        looked / weights
    ).read_bytes()


def test_the_curve_goes_on_after_an_interruption(recipe, tmp_path):
    def stop(fraction: float, message: str = "") -> None:
        if "step 6" in message:
            raise Cancelled

    with pytest.raises(Cancelled):
        train.run_training(recipe, tmp_path / "model", progress=stop)
    folder = read_model_folder(train.run_training(recipe, tmp_path / "model", resume=True))
    rows = list(csv.DictReader(folder.documents()[CSV_NAME].decode().splitlines()))
    assert [int(row["step"]) for row in rows] == [4, 8, 12]


def test_figures_that_are_added_leave_the_curve(recipe, tmp_path):
    folder = read_model_folder(train.run_training(recipe, tmp_path / "model"))
    rewrite_card(folder, replace(folder.card, figures=NO_FIGURES))
    assert read_model_folder(folder.path).documents() == folder.documents()


def test_curves_are_drawn_and_written():
    points = [CurvePoint(250, 10.0, 1e-3, 0.5), CurvePoint(500, 20.0, 5e-4, 0.25, 0.3)]
    assert curve_csv(points).decode().splitlines() == [
        "step,seconds,learning_rate,loss,watched",
        "250,10,0.001,0.5,",
        "500,20,0.0005,0.25,0.3",
    ]
    assert curve_png(points, "name").startswith(b"\x89PNG")


def test_the_card_says_how_long_it_learnt_on_what(recipe, tmp_path):
    card = read_model_folder(train.run_training(recipe, tmp_path / "model")).card
    assert re.fullmatch(r"12 steps in 1 minutes on \d+ cores? of a processor", card.trained)
    assert card.trained in model_readme(replace(card, figures=NO_FIGURES))
