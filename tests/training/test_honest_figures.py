"""Blind baselines, pieces of cases, and model folders with figures from their own weight file."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from SimpleITK import GetArrayFromImage, ReadImage

from medseg_app.core.box import Box
from medseg_app.core.errors import InputError
from medseg_app.core.proposal import Candidate, ModelIdentity, Proposal
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.preview import unwatched
from medseg_app.training.blind_baseline import BlindEllipsoid, fit_blind_baseline
from medseg_app.training.dataset import find_cases
from medseg_app.training.evaluate import evaluate_model
from medseg_app.training.recipe import read_recipe
from medseg_app.training.score_threshold import CANDIDATES, choose_min_score
from medseg_app.training.sub_boxes import EMPTY, OFF_CENTRE, draw_sub_boxes, read_sub_boxes, write_sub_boxes
from medseg_app.training.train import run_training
from tests.data_folder import data
from tests.training.tiny import write_cases, write_image, write_recipe

SPACING = (3.0, 1.0, 1.0)
RECIPES = (
    *("ct-head-neck-organs", "ct-tissues"),
    *("sarcoma-mask-rcnn", "sarcoma-mask2former", "sarcoma-detr", "sarcoma-unet", "sarcoma-yolact"),
)


def tumour(shape=(40, 120, 110), radius_mm: float = 25.0) -> np.ndarray:
    return BlindEllipsoid("sphere", radius_mm).mask(shape, SPACING)


def test_a_sphere_has_its_volume_in_mm():
    assert tumour().sum() * 3 == pytest.approx(4 / 3 * np.pi * 25**3, rel=0.03)


def test_images_cropped_around_their_tumour_betray_it_to_the_blind():
    truths = [(tumour((k, k * 3, k * 3), k * 3 / 2 - 20), SPACING) for k in (24, 30, 40, 50)]
    fitted = fit_blind_baseline(truths)
    assert (fitted.kind, fitted.size) == ("margin", 20.0)


def test_a_margin_that_leaves_nothing_proposes_nothing():
    assert not BlindEllipsoid("margin", 60.0).mask((10, 50, 50), SPACING).any()


@pytest.mark.parametrize("seed", range(8))
def test_pieces_are_off_centre_or_empty(seed):
    mask = tumour()
    boxes = draw_sub_boxes(mask, seed)
    inside = mask[boxes[OFF_CENTRE].slices]
    places = np.argwhere(inside)
    assert inside.sum() >= 0.3 * mask.sum()
    assert (places.min(axis=0) == 0).any() or (places.max(axis=0) == np.array(inside.shape) - 1).any()
    assert not mask[boxes[EMPTY].slices].any()
    assert draw_sub_boxes(mask, seed) == boxes


def test_pieces_survive_their_file(tmp_path):
    boxes = {"p CT": draw_sub_boxes(tumour(), 1), "q MR": draw_sub_boxes(tumour(), 2)}
    write_sub_boxes(boxes, tmp_path / "boxes.json")
    assert read_sub_boxes(tmp_path / "boxes.json") == boxes


def test_figures_of_a_semantic_model_come_from_its_folder(tmp_path):
    write_cases(tmp_path / "data", 5, without_rod=(4,))
    recipe = read_recipe(write_recipe(tmp_path / "data", steps=200, unknown=True))
    out = run_training(recipe, tmp_path / "model")
    before = read_model_folder(out).card.sha256
    figures = evaluate_model(out, recipe)
    assert figures["classes"]["Rod"] == {
        "patients": 0, "dice": None, "nsd": None, "nsd_wide": None, "hd95_mm": None, "worst_dice": None,
    }  # fmt: skip
    block = figures["classes"]["Block"]
    assert figures["mean_dice"] == block["dice"] > 0.5
    assert block["nsd"] <= block["nsd_wide"]
    assert "| NSD at 2 mm | NSD at 3 mm |" in (out / "docs/README.md").read_text("utf-8")
    card = read_model_folder(out).card
    assert card.figures == figures
    assert card.sha256 == before
    assert f"| Block | 1 | {figures['mean_dice']:g} |" in (out / "docs/README.md").read_text()


def test_figures_of_a_finding_model_stand_beside_the_blind_baseline(tmp_path):
    write_cases(tmp_path / "data", 5)
    recipe = read_recipe(write_recipe(tmp_path / "data", "instance", steps=2))
    pieces = {"p4 CT": {EMPTY: [[0, 0, 0], [12, 2, 30]]}}
    (tmp_path / "data/pieces.json").write_text(json.dumps(pieces))
    recipe = replace(recipe, source=replace(recipe.source, sub_boxes="pieces.json"))
    out = run_training(recipe, tmp_path / "model")
    figures = evaluate_model(out, recipe)["CT"]
    assert figures["patients"] == 1
    assert set(figures["whole"]) == {"model", "blind_baseline"}
    assert figures["empty"]["model"]["recall"] is None
    assert "blind: " in (out / "docs/README.md").read_text()


def test_without_validation_patients_nothing_is_measured(tmp_path):
    write_cases(tmp_path, 2)
    recipe = read_recipe(write_recipe(tmp_path, steps=1))
    out = run_training(recipe, tmp_path / "model")
    with pytest.raises(InputError, match="no patient for validation"):
        evaluate_model(out, recipe)
    text = (out / "docs/README.md").read_text("utf-8")
    assert "- Training: 1 steps in" in text
    assert "Not measured yet." in text


@pytest.mark.parametrize("name", RECIPES)
def test_shipped_recipes_split_by_patient(name, repository):
    recipe = read_recipe(repository / "resources/recipes" / name / "recipe.toml")
    split = json.loads((recipe.path.parent / recipe.source.split).read_text())
    assert len(split["train"]) >= 20
    assert len(split["validation"]) >= 8
    assert not set(split["train"]) & set(split["validation"])


def test_shipped_pieces_are_what_they_say(repository):
    folder = repository / "resources/recipes/sarcoma-mask-rcnn"
    patients = json.loads((folder / "split.json").read_text())["validation"]
    boxes = read_sub_boxes(folder / "sub_boxes.json")
    assert set(boxes) == {f"{patient} {modality}" for patient in patients for modality in ("CT", "MR")}
    for case, kinds in boxes.items():
        patient, modality = case.split()
        name = {"CT": "CT_mask", "MR": "MR_T1_mask"}[modality]
        mask = (
            GetArrayFromImage(ReadImage(str(data("train/soft_tissue_sarcoma", patient, f"{name}.nii.gz"))))
            > 0
        )
        inside = mask[kinds[OFF_CENTRE].slices]
        assert inside.sum() >= 0.3 * mask.sum()
        places = np.argwhere(inside)
        assert (places.min(axis=0) == 0).any() or (places.max(axis=0) == np.array(inside.shape) - 1).any()
        assert not mask[kinds[EMPTY].slices].any()


def test_the_least_score_is_chosen_on_training_cases(tmp_path):
    write_cases(tmp_path, 4)
    recipe = read_recipe(write_recipe(tmp_path, "instance", steps=2))
    out = run_training(recipe, tmp_path / "model")
    assert read_model_folder(out).card.thresholds["min_score"] in CANDIDATES
    stated = run_training(replace(recipe, thresholds={"min_score": 0.12}), tmp_path / "stated")
    assert read_model_folder(stated).card.thresholds["min_score"] == 0.12


class Shy:
    """An engine that finds the block with a score of 0.7 and nonsense with scores up to 0.5."""

    card = SimpleNamespace(labels={1: "Finding"})

    def open(self, volume, device):
        self.volume = volume
        return self

    def propose(self, request, progress, preview):
        bright = self.volume.voxels > 100
        nonsense = np.zeros_like(bright)
        nonsense[0, 0, :3] = True
        found = [(bright, 0.7), (nonsense, 0.5)]
        candidates = tuple(
            Candidate("Finding", 1, Box.whole(mask.shape), mask, "instance", score)
            for mask, score in found
            if mask.any() and score >= request.min_score
        )
        return Proposal(self.volume.id, candidates, ModelIdentity("shy", "1", ""))


def test_the_least_score_lies_between_right_and_wrong(tmp_path, monkeypatch):
    write_cases(tmp_path, 4)
    for number in range(4):
        mask = tmp_path / f"p{number}_mask.nii.gz"
        image = GetArrayFromImage(ReadImage(str(tmp_path / f"p{number}_image.nii.gz")))
        write_image(mask, (image > 100).astype(np.uint8))
    recipe = read_recipe(write_recipe(tmp_path, "instance"))
    monkeypatch.setattr(
        "medseg_app.training.score_threshold.run_engine",
        lambda engine, volume, request, device, progress: engine.open(volume, device).propose(
            request, progress, unwatched
        ),
    )
    assert 0.5 < choose_min_score(Shy(), find_cases(recipe).train, "cpu") <= 0.7
