"""An engine without torch that does what its card says: work slowly, hang, crash, raise.

It is reached the way a stranger's plug-in is: by an entry point of an installed distribution.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from medseg_app.core.box import Box
from medseg_app.core.progress import Progress
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Request
from medseg_app.engines.model_card import LabelClass, ModelCard, Network
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.engines.preview import Preview

from .grids import GRIDS

NO_WEIGHTS = b"\x02\x00\x00\x00\x00\x00\x00\x00{}"


class PluginEngine:
    """Marks what is above the mean, in `steps` steps of `seconds` each."""

    def __init__(self, folder: ModelFolder) -> None:
        self.card = folder.card

    def open(self, volume: Volume, device: str) -> PluginSession:
        if diary := self.card.network.arguments.get("diary"):
            with Path(diary).open("a") as file:
                file.write(f"{volume.voxels.shape} {volume.geometry.to_patient((0, 0, 0)).tolist()}\n")
        return PluginSession(self.card, volume)


class PluginSession:
    def __init__(self, card: ModelCard, volume: Volume) -> None:
        self._card, self._volume = card, volume

    def propose(self, request: Request, progress: Progress, preview: Preview) -> Proposal:
        plan = self._card.network.arguments
        steps = plan.get("steps", 1)
        for step in range(steps):
            progress(step / steps, f"tile {step + 1}")
            time.sleep(plan.get("seconds", 0.0))
            preview(lambda: [self._bright(0.25)])
        _misbehave(plan.get("end", "well"))
        bright = (self._bright(0.5),)
        return Proposal(self._volume.id, bright, self._card.identity, precision=request.precision)

    def _bright(self, score: float) -> Candidate:
        mask = np.asarray(self._volume.voxels > self._volume.voxels.mean())
        box = Box.around(mask)
        assert box is not None
        return Candidate("Bright", 1, box, mask[box.slices], score=score)


def _misbehave(end: str) -> None:
    if end == "raise":
        raise RuntimeError("weights of the wrong kind")
    if end == "memory":
        raise MemoryError
    if end == "crash":
        os.abort()


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the engines "plugin" and "broken" look like those of an installed package."""
    info = folder / "medseg_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: medseg-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[medseg_app.engines]\n"
        "plugin = tests.engines.plugin_engine:PluginEngine\n"
        "broken = medseg_plugin_broken:Engine\n"
    )
    (folder / "medseg_plugin_broken.py").write_text("raise SystemError('built for another version')\n")
    monkeypatch.syspath_prepend(str(folder))


def write_plugin_model(path: Path, engine: str = "plugin", **plan: object) -> ModelFolder:
    """A model folder whose engine does as the plan says: steps, seconds, end; a diary of what was opened."""
    card = ModelCard(
        name=path.name,
        version="1.0",
        engine=engine,
        task="semantic",
        modality=("CT",),
        licence="Apache-2.0",
        labels={1: LabelClass("Bright", (255, 0, 0))},
        network=Network("none", dict(plan)),
    )
    return write_model_folder(path, card, NO_WEIGHTS)


def plugin_volume(name: str = "oblique", modality: str = "CT") -> Volume:
    """A volume of noise above -1000 on one of the test grids."""
    geometry = GRIDS[name]
    voxels = np.random.default_rng(4).integers(-1000, 1000, geometry.shape).astype(np.int16)
    return Volume(voxels, geometry, "1.2.3", modality, patient={"name": "Nobody^Known"})
