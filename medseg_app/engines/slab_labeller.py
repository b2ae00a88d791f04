"""SlabLabeller: class probabilities that arrive slab by slab become labels on the volume's own grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box

from .axis_taps import AxisPart, AxisTaps
from .fit import Fit

if TYPE_CHECKING:
    from torch import Tensor

VOXELS_AT_ONCE = 2**23
"""So many voxels are decided together on a card: enough to keep it busy, little beside its memory."""
ONE = 2.0**26
"""Chances are summed as whole numbers, of which this is certainty; float32 knows no finer steps near it."""


class SlabLabeller:
    """Interpolates probabilities to the voxels of the volume and keeps the best class of each.

    All of it happens on the device on which probabilities arrive; only results are brought from there.
    Only one slab of probabilities is in memory at a time. Channel 0 is background, channel n is the n-th
    of `values`, which rise.
    """

    def __init__(self, fit: Fit, values: list[int], keep_confidence: bool, device: str = "cpu") -> None:
        import torch

        self._fit = fit
        self._values = [0, *values]
        kind = torch.uint8 if max(values) <= 255 else torch.int32
        self._labels = torch.zeros(fit.turned_shape, dtype=kind, device=device)
        confidence = torch.zeros_like(self._labels, dtype=torch.uint8) if keep_confidence else None
        self._confidence = confidence
        self._sums = torch.zeros(max(values) + 1, dtype=torch.float64)
        self._counts = torch.zeros(max(values) + 1, dtype=torch.int64)
        self._slices, self._rows, self._columns = (AxisTaps.writing(axis, device) for axis in fit.sampling)
        self._at_once = planes_at_once(device, self._labels[0].numel())
        self._decided = Box((0, 0, 0), (0, 0, 0))
        self._waiting: list[Tensor] = []
        self._first_waiting = 0
        self._next = 0

    def add(self, probabilities: Tensor) -> None:
        """Take the next slices of the model's frame, shape (channels, slices, j, i), in order.

        Their memory may be used for others afterwards.
        """
        self._waiting.append(probabilities)
        end, stop = self._first_waiting + sum(slab.shape[1] for slab in self._waiting), self._next
        while stop < len(self._labels) and self._slices.reach(stop)[1] < end:
            stop += 1
        for k in range(self._next, stop, self._at_once):
            self._decide(slice(k, min(k + self._at_once, stop)))
        self._next = stop
        if stop < len(self._labels):
            self._keep_from(min(self._slices.reach(stop)[0], end), end)

    @property
    def decided(self) -> Box:
        """The box of the volume outside which there is background only; empty where nothing was found."""
        return self._fit.turned_back_box(self._decided)

    def labels(self) -> NDArray[Any]:
        """Class values in the box that was decided (k, j, i)."""
        return self._fit.turned_back(self._labels[self._decided.slices].cpu().numpy())

    def confidence(self) -> NDArray[np.uint8] | None:
        """Probability of the chosen class of each voxel of that box, 0..255, where it was asked for."""
        if self._confidence is None:
            return None
        return self._fit.turned_back(self._confidence[self._decided.slices].cpu().numpy())

    def mean_probabilities(self) -> dict[int, float]:
        """Mean probability over the voxels of each class that has any."""
        return {v: float(self._sums[v] / self._counts[v]) for v in self._values[1:] if self._counts[v]}

    def _keep_from(self, first: int, end: int) -> None:
        """Keep copies of the slices from here on: later voxels need them too."""
        import torch

        parts = self._parts(first, end)
        self._waiting = [torch.cat(parts, dim=1)] if parts else []
        self._first_waiting = first

    def _parts(self, start: int, stop: int) -> list[Tensor]:
        """Slices (channels, k, j, i) of the model's frame, of those that wait, as they lie in memory."""
        found, first = [], self._first_waiting
        for slab in self._waiting:
            part = slab[:, max(start - first, 0) : max(stop - first, 0)]
            if part.shape[1]:
                found.append(part)
            first += slab.shape[1]
        return found

    def _decide(self, target: slice) -> None:
        """Decide slices of the volume where a class other than background may win."""
        slices = self._slices.part(target)
        parts = self._parts(slices.source.start, slices.source.stop)
        background = slices.write(_joined([part[0] for part in parts]), 0)
        # Where background has more than half everywhere around, no interpolation makes another class win.
        rows = _ends(background.amin(dim=(0, 2)) <= 0.5)
        columns = _ends(background.amin(dim=(0, 1)) <= 0.5)
        if rows and columns:
            self._choose(parts, slices, self._rows.reached_from(*rows), self._columns.reached_from(*columns))

    def _choose(self, parts: list[Tensor], slices: AxisPart, rows: AxisPart, columns: AxisPart) -> None:
        """Interpolate class after class in a part of the volume, and keep the best of each voxel."""
        import torch

        place = slices.target, rows.target, columns.target
        self._decided |= Box.of([part.start for part in place], [part.stop for part in place])
        labels = self._labels[place]
        best = None
        for channel, value in enumerate(self._values):
            samples = _joined([part[channel, :, rows.source, columns.source] for part in parts])
            chance = rows.write(columns.write(slices.write(samples, 0), 2), 1)
            if best is None:
                best = chance.clone()
                continue
            # Values rise, so the last of the winners is the highest: filling where one wins takes far longer.
            torch.maximum(labels, (chance > best).to(labels.dtype).mul_(value), out=labels)
            torch.maximum(best, chance, out=best)
        assert best is not None
        self._count(labels, best)
        if self._confidence is not None:
            self._confidence[place] = best.clamp_(0, 1).mul_(255).round_().to(torch.uint8)

    def _count(self, labels: Tensor, chances: Tensor) -> None:
        """Add up the chances of the voxels of each class."""
        import torch

        chosen, whole = labels.flatten(), (chances * ONE).round_().flatten()
        if whole.device.type == "mps":  # which knows no float64
            chosen, whole = chosen.cpu(), whole.cpu()
        # Sums of whole numbers do not depend on their order, which a card leaves to chance.
        self._counts += torch.bincount(chosen, minlength=len(self._counts)).cpu()
        self._sums += torch.bincount(chosen, whole.double(), len(self._sums)).cpu() / ONE


def planes_at_once(device: str, voxels: int) -> int:
    """How many planes of so many voxels are decided together: on the processor one, cut to what is unsure."""
    return 1 if device == "cpu" else max(VOXELS_AT_ONCE // voxels, 1)


def _joined(parts: list[Tensor]) -> Tensor:
    """Slices (k, j, i) that follow each other."""
    import torch

    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _ends(hits: Tensor) -> tuple[int, int] | None:
    """First and last place that is marked; None where none is."""
    marked = np.flatnonzero(hits.cpu().numpy())
    return (int(marked[0]), int(marked[-1])) if marked.size else None
