"""What a card's figures mean, in a reader's words; what is not understood is shown as it stands."""

from __future__ import annotations

from typing import Any

LINES_SHOWN = 4


def figures_in_words(figures: dict[str, Any]) -> str:
    """How good a model was, on how many patients; empty where its card has no figures."""
    lines = _organs(figures) or [line for name, part in figures.items() for line in _lesions(name, part)]
    return "\n".join(lines) or "; ".join(figure_lines(figures)[:LINES_SHOWN])


def figure_lines(figures: dict[str, Any], prefix: str = "") -> list[str]:
    """Numbers of a card, flattened: `validation mean dice 0.71`."""
    lines = []
    for key, value in figures.items():
        name = f"{prefix} {key}".replace("_", " ").strip()
        if isinstance(value, dict):
            lines.extend(figure_lines(value, name))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            lines.append(f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}")
    return lines


def _organs(figures: dict[str, Any]) -> list[str]:
    classes = figures.get("classes")
    if not isinstance(classes, dict):
        return []
    dice = {name: row.get("dice") for name, row in classes.items() if isinstance(row, dict)}
    found = [f"{name} {value:.2f}" for name, value in dice.items() if value]
    missed = [name for name, value in dice.items() if value == 0]
    lines = [f"Dice on {_patients(figures)}: {', '.join(found)}."]
    return [*lines, f"Does not find: {', '.join(missed)}."] if missed else lines


def _lesions(name: str, part: Any) -> list[str]:
    whole = part.get("whole") if isinstance(part, dict) else None
    model = whole.get("model") if isinstance(whole, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("recall"), int | float):
        return []
    wrong = model.get("false_positives_per_image")
    beside = f", {wrong:.1f} wrong ones per image" if isinstance(wrong, int | float) else ""
    return [
        f"{name}, {_patients(part)}: finds {model['recall']:.0%} of the lesions{beside}.".replace("%", " %")
    ]


def _patients(figures: dict[str, Any]) -> str:
    count = figures.get("patients")
    return "patients it never saw" if count is None else f"{count} patients it never saw"
