"""The shipped demonstration models on a patient that no training saw, from DICOM files that hold no truth."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from medseg_app.app.demo_study import DEMO_SEED, write_stacks
from medseg_app.core.proposal import Proposal
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.predict import predict
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume
from medseg_app.phantom import Phantom, make_phantom
from medseg_app.phantom.variants import plain

ROOT = Path(__file__).resolve().parents[2]
NEW_SEEDS = (7301, 7302)
NAMES = ("demo-organs", "demo-lesions")


@pytest.fixture(scope="module", params=NEW_SEEDS)
def phantom(request: pytest.FixtureRequest) -> Phantom:
    return make_phantom(request.param)


@pytest.fixture(scope="module")
def images(phantom: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Volume:
    """What a scanner would send of the phantom: DICOM files, read back."""
    folder = tmp_path_factory.mktemp("phantom")
    write_stacks(plain(phantom.volume), folder, seed=1)
    (info,) = scan_folder(folder).volumes
    return load_volume(info)


def _truth(phantom: Phantom, layer: int) -> dict[Segment, NDArray[np.bool_]]:
    return {s: phantom.truth.mask(s) for s in phantom.truth.segments if s.group == layer}


def _mask(proposal: Proposal, number: int, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    candidate = proposal.candidates[number]
    mask = np.zeros(shape, bool)
    mask[candidate.box.slices] = candidate.mask
    return mask


def _run(name: str, images: Volume) -> Proposal:
    return predict(images, read_model_folder(ROOT / "models" / name), device="cpu")


def test_organs_of_a_new_patient_are_found(phantom: Phantom, images: Volume) -> None:
    proposal = _run("demo-organs", images)
    found = {c.name: _mask(proposal, n, images.voxels.shape) for n, c in enumerate(proposal.candidates)}
    dice = {}
    for segment, truth in _truth(phantom, 0).items():
        mask = found.get(segment.name, np.zeros_like(truth))
        dice[segment.name] = 2 * (mask & truth).sum() / (mask.sum() + truth.sum())
    assert len(dice) == 6
    assert np.mean(list(dice.values())) >= 0.8, dice
    assert min(dice.values()) >= 0.6, dice


@pytest.fixture(scope="module")
def overlap(phantom: Phantom, images: Volume) -> NDArray[np.float64]:
    """IoU of every finding (rows) with every lesion of the phantom (columns)."""
    proposal = _run("demo-lesions", images)
    masks = [_mask(proposal, n, images.voxels.shape) for n in range(len(proposal.candidates))]
    assert masks
    truths = list(_truth(phantom, 1).values())
    return np.array([[(m & t).sum() / (m | t).sum() for t in truths] for m in masks])


def test_lesions_of_a_new_patient_are_found(overlap: NDArray[np.float64]) -> None:
    assert (overlap.max(axis=0) >= 0.3).mean() >= 0.8, overlap.max(axis=0)


def test_little_is_found_where_there_is_no_lesion(overlap: NDArray[np.float64]) -> None:
    assert (overlap.max(axis=1) < 0.3).sum() <= 2, overlap.max(axis=1)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_says_demonstration_only_and_the_file_is_small(name: str) -> None:
    card = read_model_folder(ROOT / "models" / name).card
    assert "demonstration only" in card.summary.lower()
    assert card.figures
    assert card.size_mb <= 8


@pytest.mark.parametrize("name", NAMES)
def test_no_patient_of_the_demonstration_or_of_these_tests_was_trained_on(name: str) -> None:
    recipe = tomllib.loads((ROOT / "resources" / "recipes" / name / "recipe.toml").read_text())
    for first, last in (recipe["source"]["seeds"], recipe["source"]["validation_seeds"]):
        assert not {DEMO_SEED, *NEW_SEEDS} & set(range(first, last + 1))
