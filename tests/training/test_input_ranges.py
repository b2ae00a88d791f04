"""What a network has to tell apart is measured on images it learnt from, and goes into its card."""

from __future__ import annotations

import pytest
import torch

from medseg_app.engines import precision
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.training import backend_figures, input_ranges
from medseg_app.training.dataset import find_cases
from medseg_app.training.evaluate import evaluate_model
from medseg_app.training.input_ranges import with_eight_bits
from tests.training.tiny import train_tiny


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("data"))


def fast_in(monkeypatch, arithmetic):
    for file in (precision, backend_figures, input_ranges):
        monkeypatch.setattr(file, "fast_arithmetic", lambda _: arithmetic)


def test_evaluating_writes_ranges_and_closeness_into_the_card(trained, monkeypatch):
    recipe, out = trained
    fast_in(monkeypatch, "int8")
    evaluate_model(out, recipe)
    card = read_model_folder(out).card
    assert card.eight_bits
    lines = {one.precision: one for one in card.backends}
    assert (lines["exact"].by, lines["fast"].by) == ("OpenVINO in float32", "OpenVINO in int8")
    assert lines["fast"].dice < 1
    assert lines["fast"].dice > 0.9
    assert "| fast, cpu | OpenVINO in int8 | 1 |" in (out / "docs/README.md").read_text("utf-8")


def test_the_first_and_the_last_convolution_stay_exact(trained, monkeypatch):
    recipe, out = trained
    fast_in(monkeypatch, "int8")
    folder = read_model_folder(out)
    ranges = with_eight_bits(folder, recipe, "cpu").card.eight_bits
    assert list(ranges) == ["model.1.submodule.conv"]
    assert with_eight_bits(folder, recipe, "cpu").card.eight_bits == ranges, "drawn in the same way again"


@pytest.mark.parametrize("arithmetic", [None, "bfloat16"])
def test_where_nothing_is_computed_in_eight_bits_nothing_is_measured(trained, monkeypatch, arithmetic):
    recipe, out = trained
    fast_in(monkeypatch, arithmetic)
    folder = read_model_folder(out)
    assert with_eight_bits(folder, recipe, "cpu") is folder


def test_a_range_holds_the_largest_values_and_reaches_as_far_below_zero_as_it_must():
    drawn = torch.stack([torch.linspace(-0.5, 4, 500), torch.linspace(-0.1, 8, 500)])
    one = input_ranges._Drawn(drawn.amin(1, keepdim=True), drawn.amax(1, keepdim=True), drawn)
    halved = input_ranges._Drawn(one.least / 2, one.most / 2, one.values / 2)
    found = input_ranges._best_range([halved, one])
    assert found.most == (5.0, 8.0)
    assert found.least == -0.1
    nothing = torch.zeros(1, 500)
    assert (
        input_ranges._best_range([input_ranges._Drawn(nothing[:, :1], nothing[:, :1], nothing)]).most[0] > 0
    )


def test_patients_of_validation_are_not_looked_at(trained, monkeypatch):
    recipe, out = trained
    fast_in(monkeypatch, "int8")
    shown = []

    def few(references, card):
        shown.extend(reference.name for reference in references)
        return []

    monkeypatch.setattr(input_ranges, "few_images", few)
    with_eight_bits(read_model_folder(out), recipe, "cpu")
    split = find_cases(recipe)
    assert shown == [reference.name for reference in split.train]
    assert not {reference.name for reference in split.validation} & set(shown)
