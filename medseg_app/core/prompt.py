"""Prompt: what a reader shows to a model that is asked for one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .box import Index


@dataclass(frozen=True)
class Prompt:
    """A point, a box or a scribble that belongs to the object, or does not.

    voxels: indices (k, j, i): one for a point, two opposite corners of a box that holds both, all voxels
    along a scribble. axis: the slice in which it was drawn lies across this axis.
    """

    kind: Literal["point", "box", "scribble"]
    voxels: tuple[Index, ...]
    belongs: bool = True
    axis: Literal[0, 1, 2] = 0
