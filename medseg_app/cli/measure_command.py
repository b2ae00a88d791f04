"""`medseg measure`: the figures of a model, from its weights, on patients it never saw."""

from __future__ import annotations

from typing import Any

from medseg_app.app.measure import measure

from . import say
from .parser import Arguments


def run(arguments: Arguments) -> int:
    """Print what was measured beside what the card states."""
    document = measure(arguments.input, arguments.model, arguments.device, say.progress_of(arguments))
    say.result(arguments, document, _text(document))
    return say.DONE


def _text(document: dict[str, Any]) -> str:
    card = dict(_flat(document["card"]))
    lines = [f"{document['model']} on {document['device']}", f"{'figure':60} {'measured':>9} {'card':>9}"]
    lines += [
        f"{name:60.60} {_say(value)} {_say(card.get(name))}" for name, value in _flat(document["figures"])
    ]
    return "\n".join(lines)


def _flat(figures: dict[str, Any], before: str = "") -> list[tuple[str, float | None]]:
    """Numbers by the way to them: `CT whole model recall`."""
    found: list[tuple[str, float | None]] = []
    for key, value in figures.items():
        name = f"{before} {key}".strip()
        if isinstance(value, dict):
            found += _flat(value, name)
        elif value is None or isinstance(value, int | float):
            found.append((name, value))
    return found


def _say(value: float | None) -> str:
    return f"{'-':>9}" if value is None else f"{value:9.3f}"
