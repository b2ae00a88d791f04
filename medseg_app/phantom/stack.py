"""Stack: slices that are written together, and what their headers state besides the volume."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from medseg_app.core.volume import Volume


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices that are written together; facts are keyword arguments of io's `write_series`."""

    volume: Volume
    facts: dict[str, Any] = field(default_factory=dict)


Stacks = tuple[Stack, ...]
