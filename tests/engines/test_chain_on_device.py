"""From tile to labels on a card: the same labels as on the processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from medseg_app.core.volume import Volume
from medseg_app.engines import slab_labeller
from medseg_app.engines.fit import fit_volume
from medseg_app.engines.frame_image import resampled
from medseg_app.engines.model_card import ModelGrid
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.predict import predict
from medseg_app.engines.slab_labeller import SlabLabeller

from .grids import AXIAL, GRIDS, grid
from .tiny_models import write_tiny_model
from .whole_grid import laid_out

CARD = pytest.mark.skipif(not torch.cuda.is_available(), reason="not on this machine: a CUDA card")
GRID = ModelGrid("SPL", (3.0, 2.0, 2.0))


def chances(*shape: int) -> torch.Tensor:
    """Probabilities of three classes (3, k, j, i), with air in front."""
    noise = torch.from_numpy(np.random.default_rng(5).normal(size=(3, *shape)).astype(np.float32))
    noise[0, :3] += 20
    return (2 * noise).softmax(dim=0)


def labelled(device: str, name: str, slab: int = 6) -> tuple[np.ndarray, np.ndarray, dict[int, float]]:
    fit = fit_volume(GRIDS[name], GRID)
    labeller = SlabLabeller(fit, [4, 300], keep_confidence=True, device=device)
    for part in chances(*fit.model_shape).split(slab, dim=1):
        given = part.to(device)
        labeller.add(given)
        given.fill_(float("nan"))  # others may use its memory afterwards
    confidence = labeller.confidence()
    assert confidence is not None
    labels, confidence = (laid_out(part, labeller, fit) for part in (labeller.labels(), confidence))
    return labels, confidence, labeller.mean_probabilities()


@pytest.mark.parametrize("name", ["axial", "oblique", "anisotropic"])
@pytest.mark.parametrize("at_once", [3, 100])
def test_planes_that_are_decided_together_get_what_each_gets_alone(
    name: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = labelled("cpu", name)
    assert len(np.unique(alone[0])) == 3
    monkeypatch.setattr(slab_labeller, "planes_at_once", lambda device, plane: at_once)
    for slab in (1, 6, 100):
        together = labelled("cpu", name, slab)
        np.testing.assert_array_equal(together[0], alone[0])
        np.testing.assert_array_equal(together[1][alone[0] > 0], alone[1][alone[0] > 0])
        assert together[2] == pytest.approx(alone[2], abs=1e-6)


@pytest.mark.parametrize("name", ["axial", "oblique", "anisotropic", "sheared"])
@pytest.mark.parametrize("spacing", [(3.0, 4.1, 2.0), (0.9, 1.0, 1.3)])
def test_a_card_reads_the_volume_as_the_processor_does(
    name: str, spacing: tuple[float, float, float]
) -> None:
    fit = fit_volume(GRIDS[name], ModelGrid("SAR", spacing))
    voxels = np.random.default_rng(2).integers(-1000, 1000, GRIDS[name].shape).astype(np.int16)
    read = resampled("cpu", fit, fit.turned(voxels))
    np.testing.assert_allclose(read, fit.image(voxels), atol=1e-3)


def test_a_card_decides_many_planes_at_once_and_the_processor_one() -> None:
    assert slab_labeller.planes_at_once("cpu", 512 * 512) == 1
    assert slab_labeller.planes_at_once("cuda:0", 512 * 512) == 32
    assert slab_labeller.planes_at_once("cuda:0", 10**8) == 1


@CARD
@pytest.mark.parametrize("name", GRIDS)
def test_a_card_labels_as_the_processor_does(name: str) -> None:
    here, there = labelled("cpu", name), labelled("cuda:0", name)
    assert np.count_nonzero(here[0] != there[0]) <= 2  # ties, in which the last bit decides
    np.testing.assert_allclose(there[1][here[0] > 0].astype(int), here[1][here[0] > 0], atol=1)
    assert there[2] == pytest.approx(here[2], abs=1e-4)


@CARD
@pytest.mark.parametrize("model", ["unet", "unet for slices", "unet of 2015", "unet for findings"])
def test_models_mark_on_a_card_what_they_mark_on_the_processor(model: str, tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny", model)
    voxels = np.random.default_rng(0).integers(-500, 500, (40, 96, 140)).astype(np.int16)
    volume = Volume(voxels, grid(voxels.shape, AXIAL * [3.0, 1.5, 1.5]), "1.2.3", "CT")
    found = [marked(volume, folder, device) for device in ("cpu", "cuda:0")]
    assert np.mean(found[0] == found[1]) > 0.999


def marked(volume: Volume, folder: ModelFolder, device: str) -> np.ndarray:
    labels = np.zeros(volume.voxels.shape, int)
    proposal = predict(volume, folder, device=device)
    assert proposal.device == device
    for candidate in proposal.candidates:
        labels[candidate.box.slices][candidate.mask] = candidate.class_value
    return labels
