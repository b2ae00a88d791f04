"""nnInteractive engine: the object that a reader shows by points, boxes and scribbles (arXiv 2503.08373)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medseg_app.core.errors import Cancelled, ModelError
from medseg_app.core.progress import Progress, part
from medseg_app.core.proposal import ModelIdentity, Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.candidates import semantic_candidates
from medseg_app.engines.checksums import sha256_of_files
from medseg_app.engines.contract import Precision, Request
from medseg_app.engines.device import choose_device
from medseg_app.engines.model_card import ModelCard
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.nninteractive.models import require_checkpoint, server
from medseg_app.engines.nninteractive.session import PromptedNetwork
from medseg_app.engines.preview import Preview
from medseg_app.engines.suitable_grid import require_even_slices, require_volume

SLOW = "nnInteractive ran on the processor, where a prompt may take minutes; it is made for an NVIDIA card."


class NnInteractiveEngine:
    """Keeps its network between runs, with the images and prompts that it saw."""

    def __init__(self, folder: ModelFolder) -> None:
        self.card: ModelCard = folder.card
        self._ready: tuple[str, PromptedNetwork, ModelIdentity] | None = None

    def open(self, volume: Volume, device: str) -> NnInteractiveSession:
        """Look at the grid and for the weights. Raises GeometryError, ModelError where they are missing."""
        require_even_slices(volume.geometry)
        require_volume(volume, self.card.name)
        if not server():
            require_checkpoint()
        return NnInteractiveSession(self, volume, device)

    def network_on(self, device: str) -> tuple[PromptedNetwork, ModelIdentity]:
        """The network on a device and what it is; loaded at the first call."""
        place = server() or device
        if self._ready is None or self._ready[0] != place:
            self._ready = None
            self._ready = place, PromptedNetwork(device), self._identity()
        return self._ready[1:]

    def forget(self) -> None:
        """Load anew next time: an error or a stop in mid-prompt left the network in an unknown state."""
        self._ready = None

    def _identity(self) -> ModelIdentity:
        """With the hash of the weights; a server does not tell that of its own."""
        known = "" if server() else sha256_of_files([require_checkpoint()])
        return replace(self.card.identity, sha256=known)


class NnInteractiveSession:
    """One volume for nnInteractive."""

    def __init__(self, engine: NnInteractiveEngine, volume: Volume, device: str) -> None:
        self._engine, self._volume, self._device = engine, volume, device

    def propose(self, request: Request, progress: Progress, preview: Preview) -> Proposal:
        """The object of the request's prompts, or nothing. Raises ModelError without prompts.

        nnInteractive computes in half precision on CUDA, whatever was asked for.
        """
        if not request.prompts:
            raise ModelError(
                f"{self._engine.card.name} marks what it is shown, and nothing was shown.",
                "Choose the tool Prompt (G) in the window and click what is to be marked.",
            )
        progress(0.0, "Preparing the images")
        try:
            return self._answer(request, progress)
        except Cancelled:  # between two prompts, of which the network keeps count
            raise
        except BaseException:
            self._engine.forget()
            raise

    def _answer(self, request: Request, progress: Progress) -> Proposal:
        device = "server" if server() else _device(self._device)
        network, model = self._engine.network_on(device)
        network.show(self._volume)
        mask = network.answer(request.prompts, part(progress, 0.2, 1.0))
        progress(1.0)
        card = self._engine.card
        candidates = semantic_candidates(card, mask.astype(np.uint8), dict.fromkeys(card.labels))
        remarks = _remarks(network.licence, device) if len(request.prompts) == 1 else ()
        return Proposal(
            self._volume.id, tuple(candidates), model, device, _precision(device),
            remarks=remarks, prompts=request.prompts,
        )  # fmt: skip


def _device(wanted: str) -> str:
    """The device of a wish; Apple's GPU only where it is named, as nnInteractive was not written for it."""
    chosen = choose_device(wanted)
    return "cpu" if (wanted, chosen) == ("auto", "mps") else chosen


def _precision(device: str) -> Precision:
    """What it computes in there; a server does not tell, so the better is not claimed for it."""
    return "exact" if device in ("cpu", "mps") else "fast"


def _remarks(licence: str, device: str) -> tuple[str, ...]:
    """Said once for each object, with its first prompt."""
    about = f"Licence of the weights of nnInteractive: {licence or 'not stated'}."
    return (about, SLOW) if device == "cpu" else (about,)
