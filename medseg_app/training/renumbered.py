"""Renumbered: a case whose truth has other values than the classes that are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume
from medseg_app.metrics.instances import Finding

from .references import Reference


@dataclass(frozen=True)
class Renumbered(Reference):
    """A case with the values of the classes. values: value in its truth -> value of the class."""

    inner: Reference
    values: Mapping[int, int] = field(hash=False)

    @property
    def name(self) -> str:
        """That of the case."""
        return self.inner.name

    @property
    def files(self) -> tuple[Path, ...]:
        """Those of the case."""
        return self.inner.files

    def truth(self) -> LabelMap:
        """That of the case; what has no class is left out."""
        return self._with_classes(self.inner.truth())

    def read(self) -> tuple[Volume, LabelMap]:
        """Read the case; what has no class is left out."""
        volume, truth = self.inner.read()
        return volume, self._with_classes(truth)

    def _with_classes(self, truth: LabelMap) -> LabelMap:
        segments = {
            (s.group, self.values[s.value]): replace(s, value=self.values[s.value])
            for s in truth.segments
            if s.value in self.values
        }
        layers = tuple(_with_values(layer, self.values) for layer in truth.layers)
        return LabelMap(layers, truth.geometry, tuple(segments.values()))

    def findings(self, truth: LabelMap) -> tuple[Finding, ...]:
        """As the case counts them."""
        return self.inner.findings(truth)


def _with_values(layer: NDArray[Any], values: Mapping[int, int]) -> NDArray[Any]:
    """A layer (k, j, i) with other values; those without another become 0."""
    table = np.zeros(int(layer.max(initial=0)) + 1, np.uint16)
    for old, new in values.items():
        if old < len(table):
            table[old] = new
    return table[layer]
