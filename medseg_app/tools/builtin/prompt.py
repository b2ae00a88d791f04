"""Prompt: a click, a scribble or a box shows a model what is to be marked; Ctrl shows what is not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from medseg_app.core.box import Index
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.prompt import Prompt
from medseg_app.tools.contract import Gesture, Outline, PointerEvent, ToolContext

CLICK_VOXELS = 2.0
"""A press that moves less is a click."""


class PromptTool:
    """Click for a point, drag for a scribble, drag with Shift for a box in the slice."""

    name, title, step = "prompt", "Prompt", ""

    def gesture(self, context: ToolContext, press: PointerEvent) -> Gesture:
        """Follow the pointer to the release; a gesture that begins outside the volume shows nothing."""
        path = [press.position]
        now = press
        while not now.is_release:
            now = yield
            path.append(now.position)
            prompt = _prompt_of(context.geometry, press, np.array(path))
            if prompt is not None:
                context.prompt(prompt, finished=now.is_release)

    def outline(self, context: ToolContext, pointer: PointerEvent) -> Outline | None:
        """The system's own cursor."""
        return None


def _prompt_of(geometry: VolumeGeometry, press: PointerEvent, path: np.ndarray) -> Prompt | None:
    """What a path (n, 3) in LPS mm means; every voxel of it lies in the slice of the press."""
    first = geometry.nearest_voxel(press.position)
    if first is None:
        return None
    belongs = "Control" not in press.modifiers
    index = geometry.to_index(path)
    if np.abs(index - index[0]).max() < CLICK_VOXELS:
        return Prompt("point", (first,), belongs, press.axis)
    if "Shift" in press.modifiers:
        return Prompt("box", (first, _inside(geometry, first, index[-1], press.axis)), belongs, press.axis)
    voxels = dict.fromkeys(_inside(geometry, first, one, press.axis) for one in _filled(index))
    return Prompt("scribble", tuple(voxels), belongs, press.axis)


def _filled(index: np.ndarray) -> np.ndarray:
    """The path with steps of at most half a voxel."""
    parts = [index[:1]]
    for start, stop in pairwise(index):
        count = max(int(np.ceil(2 * np.abs(stop - start).max())), 1)
        parts.append(start + (stop - start) * (np.arange(1, count + 1) / count)[:, None])
    return np.concatenate(parts)


def _inside(geometry: VolumeGeometry, first: Index, index: np.ndarray, axis: int) -> Index:
    k, j, i = (int(n) for n in np.clip(np.floor(index + 0.5), 0, np.array(geometry.shape) - 1))
    voxel = [k, j, i]
    voxel[axis] = first[axis]
    return voxel[0], voxel[1], voxel[2]
