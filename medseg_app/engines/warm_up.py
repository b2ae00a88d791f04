"""A first run that nobody waits for: libraries and weights are read and compiled before the real one."""

from __future__ import annotations

from medseg_app.core.box import Box
from medseg_app.core.progress import Progress
from medseg_app.core.volume import Volume

from .contract import Engine, Request
from .predict import run_engine

PIECE = (16, 128, 128)
"""At most so many slices, rows and columns: one tile of most models."""


def warm_up(engine: Engine, volume: Volume, request: Request, device: str, progress: Progress) -> None:
    """Run an engine on the middle of a volume and forget what it finds. Raises as `run_engine` does."""
    run_engine(engine, middle_of(volume), request, device, progress)


def middle_of(volume: Volume) -> Volume:
    """The piece in the middle of a volume, at its true place."""
    shape = volume.geometry.shape
    start = [max((n - most) // 2, 0) for n, most in zip(shape, PIECE, strict=True)]
    stop = [a + min(n, most) for a, n, most in zip(start, shape, PIECE, strict=True)]
    return volume.cropped(Box.of(start, stop))
