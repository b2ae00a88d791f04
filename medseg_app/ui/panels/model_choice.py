"""Which model to offer first for a series, which in grey, and why a model cannot run on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox

from medseg_app.app.demo_study import is_made_up
from medseg_app.engines.joined_card import common_modality
from medseg_app.engines.voting_model import find_the_same
from medseg_app.ui import theme

from .model_card_view import is_demonstration

if TYPE_CHECKING:
    from medseg_app.core.volume import Volume
    from medseg_app.engines.model_card import ModelCard

NO_SERIES = "Open a series first (Ctrl+O)."


def best_place(cards: Sequence[ModelCard], volume: Volume, used: str) -> int | None:
    """Place of the model that ran last on such images, else of one made for them; None where none was.

    Models for demonstration come last, except on made-up patients.
    """
    fitting = [n for n, card in enumerate(cards) if volume.modality in card.modality]
    return min(fitting, key=lambda n: _strangeness(cards[n], volume, used), default=None)


def partners_of(card: ModelCard, cards: Sequence[ModelCard], volume: Volume | None) -> list[ModelCard]:
    """The models that can run with one on its images: findings with classes, or those that find the same.

    Where it can run on the volume, only models that can run there too.
    """
    runs = volume is not None and not misfit_of(card, volume)
    return [
        other
        for other in cards
        if other.name != card.name
        and common_modality([card, other])
        and not (runs and misfit_of(other, volume))
        and (other.gives_findings != card.gives_findings or find_the_same(card, other))
    ]


def misfit_of(card: ModelCard, volume: Volume | None) -> str:
    """Why a model cannot run on a volume; empty where it can."""
    if volume is None:
        return NO_SERIES
    if volume.modality and volume.modality not in card.modality:
        return f"Made for {', '.join(card.modality)}; this series is {volume.modality}."
    return ""


def describe_choices(choice: QComboBox, cards: Sequence[ModelCard], volume: Volume | None) -> None:
    """Models for other images stand in grey and say why; they can be chosen, to read their cards."""
    for place, card in enumerate(cards):
        misfit = "" if volume is None else misfit_of(card, volume)
        grey = QColor(theme.DISABLED) if misfit else None
        choice.setItemData(place, grey, Qt.ItemDataRole.ForegroundRole)
        choice.setItemData(place, misfit or card.summary, Qt.ItemDataRole.ToolTipRole)


def _strangeness(card: ModelCard, volume: Volume, used: str) -> tuple[bool, bool]:
    return card.name != used, is_demonstration(card) != is_made_up(volume)
