"""RunCosts: what models took on this computer before, so that the next run can say what to expect."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from medseg_app.core.errors import MedsegError
from medseg_app.core.proposal import Cost, Proposal
from medseg_app.io.atomic import replacing

NEWEST_SHARE = 0.5
"""A computer changes (mains or battery, busy or idle), so the newest run counts half."""
LIKE = 2.0
"""Up to so many times as large, images take as long by their size; the start tells on smaller ones."""


class RunCosts:
    """Seconds per million voxels, and memory, by model, kind of device and precision; kept in the cache."""

    def __init__(self, cache: Path) -> None:
        self._path = cache / "run-costs.json"

    def expected(self, model: str, device: str, precision: str, voxels: int) -> Cost | None:
        """What a run will take; None where the model never ran here in this way."""
        known = self._read().get(_key(model, device, precision))
        if known is None:
            return None
        speed, memory, largest = known
        millions = voxels / 1e6
        # Tiles cost the same for every image, so a smaller one is not promised to take less.
        return Cost(speed * millions, memory * max(millions / largest, 1.0))

    def learn(self, proposal: Proposal, voxels: int) -> None:
        """Remember what a run took; where that cannot be written, the next run says less."""
        if proposal.cost is None:
            return
        millions = max(voxels / 1e6, 1e-6)
        key = _key(proposal.model.name, proposal.device, proposal.precision)
        costs = self._read()
        speed = proposal.cost.seconds / millions
        before = costs.get(key, (speed, 0.0, millions))
        costs[key] = (
            round(before[0] + _share(millions / before[2]) * (speed - before[0]), 4),
            round(max(before[1], proposal.cost.memory_mb), 1),
            round(max(before[2], millions), 4),
        )
        with suppress(MedsegError, OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self._path) as temporary:
                temporary.write_text(json.dumps(costs, indent=1), "utf-8")

    def _read(self) -> dict[str, tuple[float, float, float]]:
        try:
            stored = json.loads(self._path.read_text("utf-8"))
            return {str(key): (float(a), float(b), float(c)) for key, (a, b, c) in stored.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def in_words(cost: Cost) -> str:
    """about 40 s and 1.2 GB: rounded to what an estimate is worth."""
    memory = (
        f"{cost.memory_mb / 1000:.1f} GB" if cost.memory_mb >= 950 else f"{max(cost.memory_mb, 10):.0f} MB"
    )
    return f"{_about(cost.seconds)} and {memory} of memory"


def _about(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    return f"about {round(seconds / 60)} min"


def _share(larger: float) -> float:
    """How much a run counts whose image is so many times as large as the largest before."""
    if larger > LIKE:
        return 1.0
    return NEWEST_SHARE if larger * LIKE >= 1.0 else 0.0


def _key(model: str, device: str, precision: str) -> str:
    return f"{model} {device.partition(':')[0]} {precision}"
