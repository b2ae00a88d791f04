"""`medseg measure`: the figures of a model, from its weights, on patients it never saw."""

from __future__ import annotations

from typing import Any

from medseg_app.app.measure import measure, measure_closeness
from medseg_app.app.recipes import AboutData

from . import say
from .parser import Arguments


def run(arguments: Arguments) -> int:
    """Print what was measured beside what the card states."""
    by, text = (measure_closeness, _backends) if arguments.backends else (measure, _text)
    progress = say.progress_of(arguments)
    about = AboutData(arguments.modality, arguments.absent)
    document = by(arguments.input, arguments.model, arguments.device, arguments.keep, progress, about)
    say.result(arguments, document, text(document))
    return say.DONE


def _backends(document: dict[str, Any]) -> str:
    """A line for each precision, with the Dice that the card states."""
    stated = {(one["device"], one["precision"]): one for one in document["card"]}
    lines = [
        f"{document['model']} on {document['device']}: foreground Dice to torch in float32",
        f"{'precision':10} {'computed by':22} {'Dice':>9} {'worst':>9} {'AP':>9} {'card':>9} {'s/Mvx':>8}",
    ]
    for one in document["backends"]:
        on_card = stated.get((one["device"], one["precision"]), {}).get("dice")
        figures = [_exactly(value) for value in (one["dice"], one["worst_dice"], one["ap"], on_card)]
        used = "" if one["is_close"] else "  too far: not used"
        lines.append(f"{one['precision']:10} {one['by']:22} {' '.join(figures)} {one['seconds']:8.2f}{used}")
    return "\n".join(lines if document["backends"] else [*lines[:1], "no network in torch to compare with"])


def _exactly(value: float | None) -> str:
    return f"{'-':>9}" if value is None else f"{value:9.4f}"


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
