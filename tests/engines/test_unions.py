"""Classes that are several others together: on the card, in proposals, in files and in figures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medseg_app.core.errors import ModelError
from medseg_app.engines.combined_model import combine
from medseg_app.engines.model_card import LabelClass, ModelCard, UnionClass
from medseg_app.engines.model_folder import ModelFolder, card_problem, parse_card
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.engines.predict import predict
from medseg_app.engines.unions import with_unions

from .test_panoptic import noise, row
from .tiny_models import TINY, write_tiny_model

ABDOMEN = UnionClass("Abdomen", (120, 120, 120), of=(2, 5))
CARD = replace(TINY["unet"], unions={7: ABDOMEN})


def whole(card: ModelCard, given: list) -> list:
    return list(with_unions(card, given))[len(given) :]


def test_a_union_holds_the_voxels_of_its_classes_and_of_nothing_else():
    given = [
        row("Liver", 0, 3, value=2, score=0.9),
        row("Spleen", 6, 8, value=5, score=0.4),
        row("Tumour", 3, 5, "instance"),
    ]
    (abdomen,) = whole(CARD, given)
    assert (abdomen.name, abdomen.class_value, abdomen.score) == ("Abdomen", 7, pytest.approx(0.7))
    unsure = [replace(given[0], score=None), *given[1:]]
    assert whole(CARD, unsure)[0].score is None
    assert (abdomen.box.start, abdomen.box.stop) == ((0, 0, 0), (1, 1, 8))
    assert np.flatnonzero(abdomen.mask).tolist() == [0, 1, 2, 6, 7]


@pytest.mark.parametrize("found", [[], [("Liver", 2)]])
def test_with_less_than_two_of_its_classes_it_would_be_a_second_name(found: list[tuple[str, int]]):
    assert whole(CARD, [row(name, 0, 3, value=value) for name, value in found]) == []


@pytest.mark.parametrize(
    ("value", "union", "message"),
    [
        (2, ABDOMEN, "2 is given twice"),
        (7, replace(ABDOMEN, of=(2,)), "two or more"),
        (7, replace(ABDOMEN, of=(2, 2)), "two or more"),
        (7, replace(ABDOMEN, of=(2, 5, 9)), "two or more"),
        (7, replace(ABDOMEN, kind="instance"), "two or more"),
        (0, ABDOMEN, "1..65535"),
        (7, replace(ABDOMEN, colour=(300, 0, 0)), "0..255"),
        (7, replace(ABDOMEN, name="Ab\ndomen"), "printable"),
    ],
)
def test_unsound_unions_are_refused(value: int, union: UnionClass, message: str):
    assert message in card_problem(replace(TINY["unet"], unions={value: union}))


def test_findings_are_no_part_of_a_union():
    lump = LabelClass("Lump", (1, 2, 3), "instance")
    labels = {**TINY["unet"].labels, 9: lump}
    card = replace(TINY["unet"], labels=labels, unions={7: replace(ABDOMEN, of=(2, 5, 9))})
    assert "organs or tissues" in card_problem(card)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    place = tmp_path_factory.mktemp("models")
    weights = write_tiny_model(place / "plain", "unet").weights()
    return write_model_folder(place / "unions", CARD, weights)


def test_the_card_comes_back_as_it_was_written(model: ModelFolder):
    assert model.card.unions == {7: ABDOMEN}
    assert [label.name for label in model.card.classes.values()] == ["Liver", "Spleen", "Abdomen"]
    assert "| 7 | Abdomen |" in (model.path / "docs/README.md").read_text(encoding="utf-8")


def test_words_that_no_union_has_are_refused(model: ModelFolder):
    values = json.loads((model.path / "configs/inference.json").read_text(encoding="utf-8"))
    values["unions"]["7"]["without"] = [2]
    with pytest.raises(ModelError, match="without"):
        parse_card(values, Path("card"))


def test_a_model_proposes_its_union_behind_its_classes(model: ModelFolder):
    found = predict(noise(), model, device="cpu").candidates
    assert [one.class_value for one in found] == [2, 5, 7]
    masks = np.zeros((3, *noise().geometry.shape), bool)
    for mask, one in zip(masks, found, strict=True):
        mask[one.box.slices] = one.mask
    np.testing.assert_array_equal(masks[2], masks[0] | masks[1])


def test_run_together_with_findings_it_is_what_these_leave_of_its_classes(model: ModelFolder, tmp_path: Path):
    lesions = write_tiny_model(tmp_path / "lesions", "mask_rcnn")
    clash = replace(TINY["mask_rcnn"], labels={7: TINY["mask_rcnn"].labels[1]})
    seventh = write_model_folder(tmp_path / "seven", clash, lesions.weights())
    for parts in ((model, lesions), (seventh, model)):
        combined = combine(parts)
        assert {value: label.name for value, label in combined.card.classes.items() if value == 7} == {
            7: "Abdomen"
        }
        assert len(combined.card.classes) == 4
        found = predict(noise(), combined, device="cpu").candidates
        held = {name: np.zeros(noise().geometry.shape, bool) for name in ("Liver", "Spleen", "Abdomen")}
        for one in found:
            if one.kind == "semantic":
                held[one.name][one.box.slices] |= one.mask
        assert any(one.kind == "instance" for one in found)
        np.testing.assert_array_equal(held["Abdomen"], held["Liver"] | held["Spleen"])
