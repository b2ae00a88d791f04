"""The shipped models on real data that differs from what they learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg_app.core.progress import silent
from medseg_app.engines import voxel_network
from medseg_app.engines.contract import Request
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.training.dataset import find_cases
from medseg_app.training.recipe import read_recipe
from tests.data_folder import data

CASES = 4
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


def five_organ_dice(engine, recipe, volume, truth) -> float:
    proposal = run_engine(engine, volume, Request(modality="CT"), "cpu", silent)
    labels = np.zeros(volume.geometry.shape, np.uint8)
    for candidate in proposal.candidates:
        labels[candidate.box.slices][candidate.mask] = candidate.class_value
    wanted = [s for s in truth.segments if s.value in recipe.headline]
    pairs = [(labels == s.value, truth.mask(s)) for s in wanted]
    return float(np.mean([2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in pairs]))


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_a_real_couch_under_the_head_changes_little(repository):
    recipe = read_recipe(repository / "resources/recipes/ct-head-neck-organs/recipe.toml")
    data("train/head_neck_ct")
    engine = build_engine(read_model_folder(repository / "models/ct-head-neck-organs"))
    table = real_table()
    plain, lying = [], []
    for reference in find_cases(recipe).validation[:CASES]:
        volume, truth = reference.read()
        volume = replace(volume, modality="CT")
        plain.append(five_organ_dice(engine, recipe, volume, truth))
        lying.append(five_organ_dice(engine, recipe, on_table(volume, table), truth))
    print(f"five-organ Dice without couch {np.mean(plain):.3f}, with couch {np.mean(lying):.3f}")  # noqa: T201
    assert np.mean(lying) > np.mean(plain) - 0.03


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["ct-head-neck-organs", "demo-organs"])
def test_openvino_finds_what_torch_finds(name, repository, monkeypatch):
    """Agreement of all voxels would hide errors in the little that is foreground, so Dice is asked for."""
    recipe = read_recipe(repository / "resources/recipes" / name / "recipe.toml")
    folder = read_model_folder(repository / "models" / name)
    if name == "ct-head-neck-organs":
        data("train/head_neck_ct")
    fast, slow = build_engine(folder), build_engine(folder)
    for reference in find_cases(recipe).validation[:CASES]:
        volume, _ = reference.read()
        with monkeypatch.context() as patched:
            patched.setattr(voxel_network, "openvino_run", lambda *_: None)
            expected = class_values(slow, volume, "exact")
        assert foreground_dice(class_values(fast, volume, "exact"), expected) >= 0.999
        assert foreground_dice(class_values(fast, volume, "fast"), expected) >= 0.99


def class_values(engine, volume, precision) -> np.ndarray:
    labels = np.zeros(volume.geometry.shape, np.uint8)
    request = Request(modality="CT", precision=precision)
    for candidate in run_engine(engine, volume, request, "cpu", silent).candidates:
        labels[candidate.box.slices][candidate.mask] = candidate.class_value
    return labels


def foreground_dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * np.count_nonzero((a == b) & (a > 0)) / (np.count_nonzero(a) + np.count_nonzero(b))
