"""PromptedNetwork: the session of nnInteractive, here or on a server, told what a reader shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.errors import CouldNotBeDone
from medseg_app.core.progress import Progress
from medseg_app.core.prompt import Prompt
from medseg_app.core.volume import Volume

from .models import SERVER_VARIABLE, require_checkpoint, server


class PromptedNetwork:
    """Keeps images and prompts, so that one more prompt costs one pass of the network.

    Its answer depends on the prompts alone, not on how they came: others than those before begin anew.
    """

    def __init__(self, device: str) -> None:
        self._session = _remote() if server() else _local(device)
        self._volume: Volume | None = None
        self._given: tuple[Prompt, ...] = ()
        self._mask: NDArray[np.uint8] = np.zeros((0, 0, 0), np.uint8)
        self._has_contrast = False

    @property
    def licence(self) -> str:
        """What the weights themselves say; empty where they say nothing."""
        return str(getattr(self._session, "license", None) or "")

    def show(self, volume: Volume) -> None:
        """Take the images, voxels (k, j, i) as they are, nothing turned; the same again changes nothing."""
        if self._volume is not None and _same(self._volume, volume):
            return
        self._mask = np.zeros(volume.geometry.shape, np.uint8)
        self._has_contrast = bool(volume.voxels.min() < volume.voxels.max())
        if self._has_contrast:  # its package divides by their spread, and refuses images of zeros
            self._session.set_image(np.asarray(volume.voxels, np.float32)[None])
            self._session.set_target_buffer(self._mask)
        self._volume, self._given = volume, ()

    def answer(self, prompts: tuple[Prompt, ...], progress: Progress) -> NDArray[np.bool_]:
        """The object (k, j, i), by a pass of the network for each prompt that is new.

        Nothing in images without contrast.
        """
        if not self._has_contrast:
            return self._mask > 0
        if prompts[: len(self._given)] != self._given:
            self._session.reset_interactions()
            self._given = ()
        first = len(self._given)
        for number, prompt in enumerate(prompts[first:], 1):
            progress((number - 1) / (len(prompts) - first), f"Prompt {first + number} of {len(prompts)}")
            self._add(prompt)
            self._given = (*self._given, prompt)
        return self._mask > 0

    def _add(self, prompt: Prompt) -> None:
        if prompt.kind == "point":
            self._session.add_point_interaction(prompt.voxels[0], include_interaction=prompt.belongs)
            return
        lines = np.array(prompt.voxels)
        bounds = [[int(a), int(b) + 1] for a, b in zip(lines.min(axis=0), lines.max(axis=0), strict=True)]
        if prompt.kind == "box":
            self._session.add_bbox_interaction(bounds, include_interaction=prompt.belongs)
            return
        box, ink = self._ink(lines, prompt.axis)
        bounds = [[a, b] for a, b in zip(box.start, box.stop, strict=True)]
        self._session.add_scribble_interaction(
            ink, include_interaction=prompt.belongs, interaction_bbox=bounds
        )

    def _ink(self, lines: NDArray[Any], axis: int) -> tuple[Box, NDArray[np.uint8]]:
        """A scribble about as thick as the network knows them: voxels with their neighbours in the slice."""
        reach = np.where(np.arange(3) == axis, 0, 1)
        box = Box.of(lines.min(axis=0) - reach, lines.max(axis=0) + reach + 1).clipped(self._mask.shape)
        ink = np.zeros(box.shape, np.uint8)
        for voxel in lines - box.start:
            ink[tuple(slice(max(v - r, 0), v + r + 1) for v, r in zip(voxel, reach, strict=True))] = 1
        return box, ink


def _same(one: Volume, other: Volume) -> bool:
    return one is other or (one.id == other.id and np.array_equal(one.voxels, other.voxels))


def _local(device: str) -> Any:
    import torch
    from nnInteractive.inference.inference_session import nnInteractiveInferenceSession

    folder = require_checkpoint().parent.parent
    session = nnInteractiveInferenceSession(device=torch.device(device), enable_undo=False)
    session.initialize_from_trained_model_folder(str(folder))
    return session


def _remote() -> Any:
    from nnInteractive.inference.remote.remote_session import nnInteractiveRemoteInferenceSession

    try:
        return nnInteractiveRemoteInferenceSession(server())
    except Exception as error:  # the client passes on whatever its HTTP library raises
        raise CouldNotBeDone(
            f"The server {server()} of nnInteractive cannot be used ({error}).",
            f"Check the variable {SERVER_VARIABLE} and that the server runs.",
        ) from error
