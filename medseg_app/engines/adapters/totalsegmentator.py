"""TotalSegmentator engine: structures of the whole body by the package of that name, with its own weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from medseg_app.core.progress import Progress, part
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.candidates import semantic_candidates
from medseg_app.engines.checksums import sha256_of_files
from medseg_app.engines.contract import Request
from medseg_app.engines.device import choose_device
from medseg_app.engines.model_card import ModelCard
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.preview import Preview
from medseg_app.engines.suitable_grid import require_even_slices, require_volume
from medseg_app.engines.totalsegmentator.offered import offer_of
from medseg_app.engines.totalsegmentator.run import run_totalsegmentator
from medseg_app.engines.totalsegmentator.weights import require_weights

TILTED = "The axes are not at right angles; TotalSegmentator was shown them straightened."


class TotalSegmentatorEngine:
    """Runs one task of TotalSegmentator."""

    def __init__(self, folder: ModelFolder) -> None:
        self.card = folder.card

    def open(self, volume: Volume, device: str) -> TotalSegmentatorSession:
        """Look at the grid and for the weights. Raises GeometryError, ModelError where they are missing."""
        require_even_slices(volume.geometry)
        require_volume(volume, self.card.name)
        return TotalSegmentatorSession(self.card, volume, device, require_weights(offer_of(self.card.name)))


class TotalSegmentatorSession:
    """One volume for TotalSegmentator."""

    def __init__(self, card: ModelCard, volume: Volume, device: str, weights: list[Path]) -> None:
        self._card, self._volume, self._device, self._weights = card, volume, device, weights

    def propose(self, request: Request, progress: Progress, preview: Preview) -> Proposal:
        """One candidate per class, without scores, which TotalSegmentator does not tell.

        It computes in half precision on CUDA, whatever was asked for. The hash is that of its weights.
        """
        progress(0.0, "Checking the weights")
        device = choose_device(self._device)
        model = replace(self._card.identity, sha256=sha256_of_files(self._weights))
        offer = offer_of(self._card.name)
        labels = run_totalsegmentator(offer, self._volume, device, part(progress, 0.01, 0.99))
        candidates = semantic_candidates(self._card, labels, dict.fromkeys(self._card.labels))
        progress(1.0)
        precision = "fast" if device.startswith("cuda") else "exact"
        remarks = (TILTED,) if self._volume.geometry.is_sheared else ()
        return Proposal(self._volume.id, tuple(candidates), model, device, precision, remarks=remarks)
