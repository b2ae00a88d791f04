"""ToolOptionsPanel: the options of the active tool and nothing else."""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSlider, QWidget

from medseg_app.ui.buttons import describe
from medseg_app.ui.labels import label

from .section import Section
from .window_presets import WindowPresets

if TYPE_CHECKING:
    from medseg_app.app.session import Session

BRUSHES = {"brush", "eraser"}
SMALLEST_MM, LARGEST_MM = 0.5, 100.0
STEPS = 200
HINTS = {
    "scroll": "Drag up or down to go through the slices. The wheel does the same with every tool.",
    "window": "Drag: sideways width, up or down level.",
    "zoom": "Drag up to enlarge. Ctrl+wheel does the same with every tool.",
    "pan": "Drag to move the image. The middle button does the same with every tool.",
    "ruler": "Drag from one end to the other. Backspace removes the last ruler.",
    "prompt": "Click, scribble or drag a box (Shift) on what to mark, with Ctrl on what not. "
    "Shift+G takes the last one back.",
    "fill": "Click into an enclosed area to fill it with the active segment.",
}


class ToolOptionsPanel(Section):
    """Brush: diameter in mm, disc or ball, what it may paint over. Other tools: one line of help."""

    def __init__(self, session: Session) -> None:
        super().__init__("Tool")
        self._view = session.view
        self.hint = label("", "secondary", wrap=True)
        self.diameter = QSlider(Qt.Orientation.Horizontal)
        self.diameter.setRange(0, STEPS)
        describe(self.diameter, "Brush diameter", "[ and ]", "Diameter of the brush in mm")
        self.diameter_text = label()
        self.diameter_text.setMinimumWidth(56)
        self.diameter_text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.shape = Choice({"Disc": ("This slice only", "D"), "Ball": ("All slices within reach", "D")})
        over = {
            "Empty": ("Only where nothing is marked", "O"),
            "Unlocked": ("Also over unlocked segments", "O"),
        }
        self.over = Choice(over)
        self.presets = WindowPresets(session)
        self._build()
        self._connect()
        self._show()

    def _build(self) -> None:
        self.row(self.hint)
        self.body.addWidget(self.presets)
        self.brush_lines = [
            self._named("Diameter", self.diameter, self.diameter_text),
            self._named("Shape", self.shape),
            self._named("Paints over", self.over),
        ]

    def _named(self, name: str, *widgets: QWidget) -> QWidget:
        word = label(name, "secondary")
        word.setFixedWidth(80)
        return self.line(word, *widgets)

    def _connect(self) -> None:
        self.diameter.valueChanged.connect(self._set_size)
        self.shape.chosen.connect(self._set_shape)
        self.over.chosen.connect(self._set_over)
        events = self._view.events
        for signal in (events.tool, events.brush_mm, events.brush_3d, events.paint_over):
            signal.connect(self._show)

    def _set_size(self, step: int) -> None:
        if step != _step_of(self._view.brush_mm):
            self._view.brush_mm = _mm_of(step)

    def flip_paint_over(self) -> None:
        """Paint over unlocked segments, or only where nothing is marked."""
        self._view.paint_over = "unlocked" if self._view.paint_over == "empty" else "empty"

    def _set_shape(self, word: str) -> None:
        self._view.brush_3d = word == "Ball"

    def _set_over(self, word: str) -> None:
        self._view.paint_over = "empty" if word == "Empty" else "unlocked"

    def _show(self, *_: object) -> None:
        view = self._view
        paints = view.tool in BRUSHES
        self.fact.setText(view.tool)
        self.hint.setText(HINTS.get(view.tool, ""))
        self.hint.setVisible(not paints and bool(self.hint.text()))
        self.presets.setVisible(view.tool == "window")
        for line in self.brush_lines:
            line.setVisible(paints)
        self.brush_lines[2].setVisible(view.tool == "brush")
        self.diameter.setValue(_step_of(view.brush_mm))
        self.diameter_text.setText(f"{view.brush_mm:.1f} mm")
        self.shape.mark("Ball" if view.brush_3d else "Disc")
        self.over.mark(view.paint_over.capitalize())


class Choice(QWidget):
    """Two or three words side by side, one of them chosen."""

    chosen = Signal(str)

    def __init__(self, words: dict[str, tuple[str, str]]) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        for word, (detail, key) in words.items():
            button = QPushButton(word)
            button.setCheckable(True)
            button.setAutoDefault(False)
            describe(button, word, key, detail)
            self._group.addButton(button)
            line.addWidget(button, 1)
        self._group.buttonClicked.connect(lambda button: self.chosen.emit(button.text()))

    def mark(self, word: str) -> None:
        """Show a word as the chosen one."""
        for button in self._group.buttons():
            button.setChecked(button.text() == word)


def _mm_of(step: int) -> float:
    """Sizes grow by a constant share per step, as the eye sees them."""
    return round(SMALLEST_MM * (LARGEST_MM / SMALLEST_MM) ** (step / STEPS), 1)


def _step_of(mm: float) -> int:
    share = log(max(mm, SMALLEST_MM) / SMALLEST_MM) / log(LARGEST_MM / SMALLEST_MM)
    return min(STEPS, round(STEPS * share))
