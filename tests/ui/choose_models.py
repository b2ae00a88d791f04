"""Choosing what runs in the AI panel."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt


def choose_together(panel: Any, model: str, *others: str) -> None:
    """A model, and exactly these others beside it."""
    panel.choice.setCurrentIndex(panel.choice.findText(model))
    rows = panel.together.partners
    for place in range(rows.count()):
        ticked = rows.itemText(place) in others
        rows.model().item(place).setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
    assert panel.model_name == "+".join((model, *others))
