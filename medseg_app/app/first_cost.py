"""What a model will take on a computer where it never ran: its card's figures, scaled to this processor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medseg_app.core.errors import GeometryError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.proposal import Cost
from medseg_app.engines.backend import Backend, kind_of, measured
from medseg_app.engines.expected_device import expected_devices
from medseg_app.engines.fit import fit_volume
from medseg_app.engines.model_card import ModelCard
from medseg_app.engines.processor_speed import processor_gflops


def first_cost(
    cards: Sequence[ModelCard], geometry: VolumeGeometry, device: str, precision: str
) -> Cost | None:
    """Of models that run one after another on a volume; None where a card says too little.

    Only of the processor: how fast a graphics card is, nobody knows before the first run.
    """
    costs = [_cost(card, geometry, device, precision) for card in cards]
    known = [cost for cost in costs if cost is not None]
    if not known or len(known) < len(costs) or kind_of(device) != "cpu":
        return None
    return Cost(sum(cost.seconds for cost in known), max(cost.memory_mb for cost in known))


def _cost(card: ModelCard, geometry: VolumeGeometry, device: str, precision: str) -> Cost | None:
    line = _line(card, device, precision)
    if line is None:
        return None
    try:
        millions = float(np.prod(fit_volume(geometry, card.grid).model_shape)) / 1e6
    except GeometryError:
        return None
    slower = line.gflops / processor_gflops()
    return Cost(line.seconds * millions * slower, line.memory_mb * max(millions / line.millions, 1.0))


def _line(card: ModelCard, device: str, precision: str) -> Backend | None:
    """What will compute: "exact" stands in where "fast" would not be faster, or not close enough."""
    arithmetic = expected_devices().fast.get(kind_of(device)) if precision == "fast" else None
    fast = measured(card.backends, device, arithmetic) if arithmetic else None
    return fast if fast and fast.is_close else measured(card.backends, device, "float32")
