"""Running a model in this process: the same way for the command line, Python and the worker."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medseg_app.core.errors import InputError, OutOfMemory
from medseg_app.core.progress import Progress, silent
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume

from .contract import Engine, Precision, Request
from .modality import check_modality
from .model_folder import ModelFolder
from .padding import without_padding
from .preview import Preview, unwatched
from .registry import load_engine
from .run_cost import with_cost
from .unions import with_unions


def predict(
    volume: Volume,
    model_folder: ModelFolder,
    *,
    device: str = "auto",
    precision: Precision = "exact",
    min_score: float | None = None,
    progress: Progress = silent,
) -> Proposal:
    """What a model proposes for a volume, on the volume's own grid.

    device: "auto", "cpu", "cuda:N" or "mps". Where the user stated the modality of images that do not
    say it themselves, pass a Request to `run_engine`.
    Raises ModalityError, ModelError, GeometryError, WrongUse (device), OutOfMemory, Cancelled.
    """
    request = Request(precision, min_score)
    return run_engine(build_engine(model_folder), volume, request, device, progress)


def build_engine(model_folder: ModelFolder) -> Engine:
    """The engine that the card names, for this model folder."""
    return load_engine(model_folder.card.engine)(model_folder)


def run_engine(
    engine: Engine,
    volume: Volume,
    request: Request,
    device: str,
    progress: Progress,
    preview: Preview = unwatched,
) -> Proposal:
    """One run of an engine. The modality is settled before any weights are read.

    Raises InputError where voxels are no numbers: one of them would spoil everything around it.
    """
    _require_numbers(volume)
    modality, remark = check_modality(engine.card, volume, request.modality)
    try:
        asked, seen = replace(request, modality=modality), without_padding(volume)
        proposal = with_cost(lambda: engine.open(seen, device).propose(asked, progress, preview))
    except MemoryError as error:
        raise OutOfMemory(
            f"The computer ran out of memory while {engine.card.name} worked on {volume.called}.",
            "Close other programs, or crop the volume to what matters.",
        ) from error
    remarks = (*([remark] if remark else []), *proposal.remarks)
    candidates = with_unions(engine.card, proposal.candidates)
    return replace(proposal, candidates=candidates, revision=request.revision, remarks=remarks)


def _require_numbers(volume: Volume) -> None:
    """Slice by slice, as a whole volume of truth values would take memory of its own."""
    if volume.voxels.dtype.kind != "f":
        return
    bad = sum(int(plane.size - np.count_nonzero(np.isfinite(plane))) for plane in volume.voxels)
    if bad:
        raise InputError(
            f"{volume.called} has {bad} voxels that are not numbers (NaN or infinite).",
            "Replace them with a background value.",
        )
