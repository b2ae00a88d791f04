"""The shipped models on real data that differs from what they learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydicom.sr._concepts_dict import concepts

from medseg_app.app.api import load
from medseg_app.core.box import Box
from medseg_app.core.progress import silent
from medseg_app.engines.backend import LEAST_DICE
from medseg_app.engines.contract import Request
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.precision import arithmetic_of
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.metrics.overlap import dice
from medseg_app.training.backend_figures import measure_backends
from medseg_app.training.dataset import find_cases
from medseg_app.training.evaluate import measure_model
from medseg_app.training.recipe import read_recipe
from medseg_app.training.tissue_labels import tissue_labels
from tests.data_folder import data

LEAST_IN_THE_CHEST = {"Gas and lung": 0.8, "Fat": 0.8, "Soft tissue": 0.8, "Bone": 0.65, "Body": 0.95}
TABLE_ROW = 404
"""First row of the couch in the lung CT; 512 rows and columns of 0.9766 mm."""
LUNG = (
    "dicom/ct_lung_4d_rtstruct/113_HM10395/11-26-1999-NA-p4-13296/1.000000-P4P113S303I10349_Gated_40.0B-29543"
)


def real_table() -> np.ndarray:
    """Couch and mattress (rows, columns) of the lung CT: what all of its slices share below the patient."""
    from SimpleITK import GetArrayFromImage, ImageSeriesReader, ReadImage

    files = ImageSeriesReader.GetGDCMSeriesFileNames(str(data(LUNG)))
    return np.median(GetArrayFromImage(ReadImage(files))[:, TABLE_ROW:], axis=0)


def on_table(volume, table: np.ndarray):
    """The patient on a couch, in air of -1000 HU."""
    from scipy import ndimage

    _, row_mm, column_mm = volume.geometry.spacing_kji
    outside = volume.voxels <= -1015
    body = ~outside
    back = np.flatnonzero(body.any(axis=(0, 2)))[-1]
    middle = np.flatnonzero(body.any(axis=(0, 1))).mean()
    rows = (np.arange(volume.voxels.shape[1]) - back - 1) * row_mm / 0.9766
    columns = (np.arange(volume.voxels.shape[2]) - middle) * column_mm / 0.9766 + table.shape[1] / 2
    places = np.meshgrid(rows, columns, indexing="ij")
    plane = ndimage.map_coordinates(table.astype(float), places, order=1, cval=-1000.0)
    voxels = np.where(outside, plane[None], volume.voxels).astype(np.int16)
    return replace(volume, voxels=voxels)


def recipe_of(repository, name: str):
    """The recipe of a shipped model on the real data of this machine, wherever it lies."""
    recipe = read_recipe(repository / "resources/recipes" / name / "recipe.toml")
    _, real, inside = recipe.source.folder.partition("shared/data/")
    if not real:
        return recipe
    return replace(recipe, source=replace(recipe.source, folder=str(data(inside))))


def five_organ_dice(engine, recipe, volume, truth) -> float:
    proposal = run_engine(engine, volume, Request(modality="CT"), "cpu", silent)
    labels = np.zeros(volume.geometry.shape, np.uint8)
    for candidate in proposal.candidates:
        labels[candidate.box.slices][candidate.mask] = candidate.class_value
    wanted = [s for s in truth.segments if s.value in recipe.headline]
    pairs = [(labels == s.value, truth.mask(s)) for s in wanted]
    return float(np.mean([2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in pairs]))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("cases", [1, pytest.param(8, marks=pytest.mark.campaign)])
def test_a_real_couch_under_the_head_changes_little(repository, cases):
    recipe = recipe_of(repository, "ct-head-neck-organs")
    engine = build_engine(read_model_folder(repository / "models/ct-head-neck-organs"))
    table = real_table()
    plain, lying = [], []
    for reference in find_cases(recipe).validation[:cases]:
        volume, truth = reference.read()
        volume = replace(volume, modality="CT")
        plain.append(five_organ_dice(engine, recipe, volume, truth))
        lying.append(five_organ_dice(engine, recipe, on_table(volume, table), truth))
    print(f"five-organ Dice without couch {np.mean(plain):.3f}, with couch {np.mean(lying):.3f}")  # noqa: T201
    assert np.mean(lying) > np.mean(plain) - 0.03


def test_tissues_are_found_in_a_part_of_the_body_and_by_a_scanner_that_were_never_learnt(repository):
    """The chest: heads, necks and limbs, on which the card's figures are measured, say nothing of lungs."""
    chest = load(data("dicom/ct_lung_4d_rtstruct"))
    part = Box((34, 0, 0), (66, *chest.geometry.shape[1:]))
    volume = chest.cropped(part)
    engine = build_engine(read_model_folder(repository / "models/ct-tissues"))
    proposal = run_engine(engine, volume, Request(modality="CT"), "cpu", silent)
    rules = tissue_labels(volume.voxels, volume.geometry.spacing_kji)
    for one in proposal.candidates:
        marked = np.zeros(rules.shape, bool)
        marked[one.box.slices] = one.mask
        by_rules = rules > 0 if one.name == "Body" else rules == one.class_value
        assert dice(marked, by_rules) > LEAST_IN_THE_CHEST[one.name], one.name
    assert {one.name for one in proposal.candidates} == set(LEAST_IN_THE_CHEST)


SHIPPED = (
    *("ct-head-neck-organs", "ct-tissues", "demo-organs", "demo-lesions"),
    *("sarcoma-unet", "sarcoma-mask-rcnn", "sarcoma-yolact", "sarcoma-mask2former", "sarcoma-detr"),
)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_card_says_how_it_was_trained_and_how_close_it_comes_to_torch(name, repository):
    card = read_model_folder(repository / "models" / name).card
    known = {one.arithmetic: one for one in card.backends if one.device == "cpu"}
    assert known["float32"].dice >= LEAST_DICE["exact"]
    used = known[arithmetic_of(card, "cpu", "fast")]
    assert used.is_close
    text = (repository / "models" / name / "docs/README.md").read_text("utf-8")
    assert all(f"| {one.precision}, {one.device} | {one.by} |" in text for one in card.backends)
    assert f"- Training: {card.trained}" in text
    assert card.trained


@pytest.mark.parametrize("name", SHIPPED)
def test_every_code_of_a_shipped_card_is_one_of_dicom_s(name, repository):
    known = {value for entry in concepts["SCT"].values() for value in entry}
    for label in read_model_folder(repository / "models" / name).card.classes.values():
        codes = label.category, label.type, label.region, *label.modifiers
        assert {code.value for code in codes if code is not None} <= known, label.name


@pytest.mark.campaign
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SHIPPED)
def test_what_the_card_says_of_backends_is_measured_again(name, repository):
    """Agreement of all voxels would hide errors in the little that is foreground, so Dice is asked for."""
    recipe = recipe_of(repository, name)
    folder = read_model_folder(repository / "models" / name)
    stated = {one.arithmetic: one for one in folder.card.backends if one.device == "cpu"}
    for one in measure_backends(folder, recipe):
        if one.arithmetic not in stated:  # measured on a processor that was no faster in it
            continue
        assert one.is_close == stated[one.arithmetic].is_close
        assert one.dice == pytest.approx(stated[one.arithmetic].dice, abs=2e-3)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SHIPPED)
def test_the_figures_of_the_card_are_measured_again(name, repository):
    """Everything but time; another version of a library may move a few voxels."""
    recipe = recipe_of(repository, name)
    folder = read_model_folder(repository / "models" / name)
    stated, measured = folder.card.figures, measure_model(folder, recipe)
    assert _numbers(measured) == pytest.approx(_numbers(stated), abs=0.02)


def _numbers(figures: dict, before: str = "") -> dict[str, float]:
    """Numbers by the way to them, without times and distances of the worst voxels."""
    found = {}
    for key, value in figures.items():
        if isinstance(value, dict):
            found |= _numbers(value, f"{before}/{key}")
        elif isinstance(value, int | float) and key not in ("seconds_per_image", "hd95_mm"):
            found[f"{before}/{key}"] = float(value)
    return found
