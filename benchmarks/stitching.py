"""Memory of stitching tiles beside MONAI's sliding window: same tiles, same classes, nothing else."""

from __future__ import annotations

import subprocess
import sys

from .load import highest_memory
from .row import Row

SHAPE, CLASSES, EDGE, OVERLAP = (200, 256, 256), 11, 64, 0.25
PEER, GOAL = "MONAI sliding window", 0.5


def rows() -> list[Row]:
    """Each in a process of its own, above what it had before."""
    ours, theirs = _peak("ours"), _peak("monai")
    size = " x ".join(map(str, SHAPE))
    what = f"memory of stitching {CLASSES} classes on {size} up to labels"
    return [Row(what, ours, {PEER: theirs}, {PEER: ours / theirs}, {PEER: GOAL}, "MB")]


def _peak(who: str) -> float:
    code = f"import benchmarks.stitching as b; print(b.peak(b.{who}))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(answer.stdout)


def peak(stitch: object) -> float:
    """MB that stitching added at its highest; a small run before it reads the libraries."""
    assert callable(stitch)
    stitch((EDGE, EDGE, EDGE + 1))
    return highest_memory(lambda: stitch(SHAPE))


def ours(shape: tuple[int, int, int]) -> None:
    """Slab by slab, as engines do."""
    import torch

    from medseg_app.core.progress import silent
    from medseg_app.engines.sliding_window import slide
    from medseg_app.engines.tile_plan import plan_fixed_tiles

    plan = plan_fixed_tiles(shape, (EDGE,) * 3, OVERLAP)
    tile = torch.rand(CLASSES, EDGE, EDGE, EDGE)
    labels = torch.zeros(shape, dtype=torch.uint8)
    done = 0
    with torch.inference_mode():
        for slab in slide(plan, lambda box: tile, silent):
            labels[done : done + slab.shape[1]] = slab.argmax(dim=0)
            done += slab.shape[1]


def monai(shape: tuple[int, int, int]) -> None:
    """The whole image at once, as MONAI does, one tile at a time."""
    import torch
    from monai.inferers import sliding_window_inference

    image, tile = torch.zeros(1, 1, *shape), torch.rand(1, CLASSES, EDGE, EDGE, EDGE)
    with torch.inference_mode():
        found = sliding_window_inference(image, (EDGE,) * 3, 1, lambda _: tile, OVERLAP, "gaussian")
        assert isinstance(found, torch.Tensor)
        found[0].argmax(dim=0).to(torch.uint8)
