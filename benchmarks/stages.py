"""Where the time of one run goes: the network, stitching its tiles, resampling, and the rest."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from medseg_app.engines import voxel_engine
from medseg_app.engines.slab_labeller import SlabLabeller
from medseg_app.engines.voxel_network import VoxelNetwork


class Clock:
    """Seconds by stage; a stage that another one calls takes its time from that one."""

    def __init__(self, device: str) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._device = device
        self._stages = ["rest"]
        self._since = 0.0

    def shares(self, run: Callable[[], object]) -> dict[str, float]:
        """Share of each stage in a run."""
        self.seconds.clear()
        self._since = time.perf_counter()
        with self._watching():
            run()
        self._pass()
        total = sum(self.seconds.values())
        return {stage: spent / total for stage, spent in self.seconds.items()}

    @contextmanager
    def _watching(self) -> Iterator[None]:
        on, slide = VoxelNetwork.on, voxel_engine.slide
        with ExitStack() as patches:
            for owner, name, watched in (
                (VoxelNetwork, "on", lambda *a: self._timed("network", on(*a))),
                (voxel_engine, "slide", lambda *a: self._stepped("stitching", slide(*a))),
                (voxel_engine, "image_by", self._timed("resampling", voxel_engine.image_by)),
                (VoxelNetwork, "at_once", lambda *_: 1),  # stages of several threads would be mixed up
                (SlabLabeller, "add", self._timed("resampling", SlabLabeller.add)),
            ):
                patches.enter_context(mock.patch.object(owner, name, watched))
            yield

    def _timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            with self._in(stage):
                return call(*arguments)

        return timed

    def _stepped(self, stage: str, steps: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while True:
            with self._in(stage):
                step = next(steps, end)
            if step is end:
                return
            yield step

    @contextmanager
    def _in(self, stage: str) -> Iterator[None]:
        self._pass()
        self._stages.append(stage)
        try:
            yield
        finally:
            self._pass()
            self._stages.pop()

    def _pass(self) -> None:
        """What was spent since the last change belongs to the stage that was running."""
        if self._device.startswith("cuda"):
            import torch

            torch.cuda.synchronize(self._device)
        now = time.perf_counter()
        self.seconds[self._stages[-1]] += now - self._since
        self._since = now
