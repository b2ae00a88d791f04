"""LabelLook: how strongly all labels and the chosen one cover the image, and how wide outlines are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from medseg_app.app.view_state import NARROWEST_PX, WIDEST_PX
from medseg_app.ui import theme
from medseg_app.ui.buttons import describe
from medseg_app.ui.labels import label

if TYPE_CHECKING:
    from medseg_app.app.view_state import ViewState

STEPS_PER_PX = 2
"""Outlines change by half a pixel."""


class LabelLook(QWidget):
    """Sliders that follow the view state and change it; which segments are chosen is the list's to know."""

    strength_asked = Signal(float)
    """The share (0..1) of the opacity of all labels that the chosen segments are to have."""

    def __init__(self, view: ViewState) -> None:
        super().__init__()
        self._view = view
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 0, 12, 0)
        self._grid.setHorizontalSpacing(theme.GRID)
        self._grid.setVerticalSpacing(0)
        self.opacity, self._opacity_text = self._line("Opacity", 0, 100)
        self.strength, self._strength_text = self._line("This segment", 0, 100)
        self.outline, self._outline_text = self._line(
            "Outline", round(NARROWEST_PX * STEPS_PER_PX), round(WIDEST_PX * STEPS_PER_PX)
        )
        describe(
            self.opacity, "Opacity of the labels", "Ctrl+[ and Ctrl+]", "How strongly labels cover the image"
        )
        describe(
            self.strength,
            "Opacity of this segment",
            "Ctrl+Alt+[ and Ctrl+Alt+]",
            "Which share of the opacity the chosen segments have; outlines stay",
        )
        describe(self.outline, "Width of the outlines", "Alt+[ and Alt+]", "How wide outlines of labels are")
        self.opacity.valueChanged.connect(self._set_opacity)
        self.strength.valueChanged.connect(self._ask_strength)
        self.outline.valueChanged.connect(self._set_outline)
        for name in ("fill_opacity", "active_segment", "strengths", "outline_px"):
            getattr(view.events, name).connect(self.show_values, max_args=0)
        self.show_values()

    def _line(self, word: str, least: int, most: int) -> tuple[QSlider, QLabel]:
        row = self._grid.rowCount()
        slider, text = QSlider(Qt.Orientation.Horizontal), label("", "caption")
        slider.setRange(least, most)
        text.setFixedWidth(40)
        for column, part in enumerate((label(word, "secondary"), slider, text)):
            self._grid.addWidget(part, row, column)
        return slider, text

    def show_values(self) -> None:
        """Bring sliders and figures up to date."""
        percent = round(100 * self._view.fill_opacity)
        self.opacity.setValue(percent)
        self._opacity_text.setText(f"{percent} %")
        self._show_strength()
        self.outline.setValue(round(self._view.outline_px * STEPS_PER_PX))
        self._outline_text.setText(f"{self._view.outline_px:.1f} px")

    def _show_strength(self) -> None:
        active = self._view.active_segment
        percent = 100 if active is None else round(100 * self._view.strengths.get(active, 1.0))
        with QSignalBlocker(self.strength):  # shown, not asked for
            self.strength.setValue(percent)
        self.strength.setEnabled(active is not None)
        self._strength_text.setText(f"{percent} %" if active is not None else "")

    def _ask_strength(self, percent: int) -> None:
        self.strength_asked.emit(percent / 100)
        self._show_strength()  # where nothing is chosen, it stays as it was

    def _set_opacity(self, percent: int) -> None:
        self._view.fill_opacity = percent / 100

    def _set_outline(self, steps: int) -> None:
        self._view.outline_px = steps / STEPS_PER_PX
