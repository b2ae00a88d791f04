"""Sub-boxes of cropped cases: pieces in which a finding is off centre, or absent.

Where every image is cropped around its one tumour, its middle says where the tumour is. On these pieces
a model that learned the place and not the tissue fails.
"""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box

OFF_CENTRE, EMPTY = "off_centre", "empty"
LEAST_SHARE = 0.3
"""Of the tumour that the off-centre piece must still hold."""
LEAST_OFFSET = 0.35
"""Distance of the tumour's middle from the piece's middle, as a share of half the piece's edge."""
TRIES = 4000
EMPTY_CHOICES = 20

SubBoxes = dict[str, dict[str, Box]]


def draw_sub_boxes(mask: NDArray[np.bool_], seed: int) -> dict[str, Box]:
    """One off-centre and one empty piece of a case with this mask (k, j, i), where they can be found."""
    rng = np.random.default_rng(seed)
    found = {}
    drawn = (_random_box(mask.shape, 0.3, rng) for _ in range(TRIES))
    off_centre = next((box for box in drawn if _is_off_centre(mask, box)), None)
    # A large tumour leaves room for small empty pieces only.
    drawn = (_random_box(mask.shape, 0.15, rng) for _ in range(TRIES))
    empty = list(islice((box for box in drawn if not mask[box.slices].any()), EMPTY_CHOICES))
    if off_centre is not None:
        found[OFF_CENTRE] = off_centre
    if empty:
        found[EMPTY] = max(empty, key=lambda box: box.voxel_count)
    return found


def read_sub_boxes(path: Path) -> SubBoxes:
    """Pieces by case and kind."""
    data: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return {case: {kind: Box.of(*corners) for kind, corners in boxes.items()} for case, boxes in data.items()}


def write_sub_boxes(boxes: SubBoxes, path: Path) -> None:
    """Write pieces as `{case: {kind: [[k, j, i] of the first voxel, [k, j, i] behind the last]}}`."""
    lines = [
        f'  "{case}": ' + json.dumps({kind: [box.start, box.stop] for kind, box in kinds.items()})
        for case, kinds in boxes.items()
    ]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _random_box(shape: tuple[int, ...], least: float, rng: np.random.Generator) -> Box:
    edges = np.maximum(np.rint(rng.uniform(least, 0.8, 3) * shape), 8).astype(int)
    edges = np.minimum(edges, shape)
    start = rng.integers(0, np.array(shape) - edges + 1)
    return Box.of(start, start + edges)


def _is_off_centre(mask: NDArray[np.bool_], box: Box) -> bool:
    """Whether the piece holds enough of the tumour, cuts it at a border and has it off its middle."""
    inside = mask[box.slices]
    tumour = Box.around(inside)
    if tumour is None or inside.sum() < LEAST_SHARE * mask.sum():
        return False
    touches = any(a == 0 or b == n for a, b, n in zip(tumour.start, tumour.stop, inside.shape, strict=True))
    half = np.array(inside.shape) / 2
    offset = np.abs(np.mean(np.argwhere(inside), axis=0) + 0.5 - half) / half
    return bool(touches and offset.max() >= LEAST_OFFSET)
