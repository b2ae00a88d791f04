"""StatusBar: where the cursor is, what is saved, what is running; 24 px, every slot in its place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QWidget

from . import figures, theme
from .buttons import icon_button
from .device_slot import DeviceSlot
from .labels import ElidedLabel, label

if TYPE_CHECKING:
    from collections.abc import Callable

    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task

    from .viewer.hover import Hover

EVERY_MS = 500
MESSAGE_STAYS_MS = 6_000
UNITS = {"1": "", "NONE": "", "GML": "g/ml", "BQML": "Bq/ml", "CNTS": "counts", "PROPCNTS": "counts"}
"""DICOM's codes for units of PET, as readers write them."""


class StatusBar(QFrame):
    """Position and value at the left, saved state in the middle, running work and device at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "status")
        self.setFixedHeight(theme.STATUS)
        self.index = _slot(112, "Voxel under the cross: slice, row, column")
        self.position = _slot(176, "Patient position of the cross in mm (left, back, up)")
        self.value = _slot(96, "Value of the image under the cross")
        self.segment = ElidedLabel("", "body")
        self.segment.setMinimumWidth(80)
        self.message = ElidedLabel("", "secondary")
        self.message.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.saved = label("", "secondary")
        self.device = label("", "secondary")
        self.task = TaskSlot()
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 0, 12, 0)
        line.setSpacing(theme.GRID)
        for widget in (self.index, self.position, self.value):
            line.addWidget(widget)
        line.addWidget(self.segment, 1)
        line.addWidget(self.message)
        for part in (self.task, self.saved, self.device):
            line.addSpacing(theme.GRID)
            line.addWidget(part)
        self._forget = QTimer(self, singleShot=True, interval=MESSAGE_STAYS_MS)
        self._forget.timeout.connect(lambda: self.message.setText(""))

    def say(self, text: str) -> None:
        """Show a short message for a few seconds."""
        self.message.setText(text)
        self.message.setToolTip(text)
        self._forget.start()


def _slot(width: int, meaning: str) -> QLabel:
    made = label()
    made.setMinimumWidth(width)
    made.setToolTip(meaning)
    made.setAccessibleName(meaning)
    return made


class TaskSlot(QWidget):
    """The running task: title, percent, time left, a bar and the cross that stops it."""

    def __init__(self) -> None:
        super().__init__()
        self.text = label()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setFixedWidth(96)
        self._cancel: Callable[[], object] | None = None
        self.cross = icon_button("Stop the running work", "x", self.stop, "Ctrl+.")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.GRID)
        for widget in (self.text, self.bar, self.cross):
            line.addWidget(widget)
        self.show_tasks([])

    def show_tasks(self, running: list[Task]) -> None:
        """Show the newest running task and how many others run."""
        self.setVisible(bool(running))
        if not running:
            self._cancel = None
            return
        task = running[-1]
        parts = [
            task.title,
            f"{100 * task.fraction:.0f}{figures.THIN}%",
            figures.time_left(task.seconds_left),
        ]
        others = f" (+{len(running) - 1})" if len(running) > 1 else ""
        self.text.setText("  ".join(part for part in parts if part) + others)
        self.text.setToolTip(task.message)
        self.bar.setValue(round(1000 * task.fraction))
        self._cancel = task.cancel

    def stop(self) -> None:
        """Cancel the task that is shown."""
        if self._cancel is not None:
            self._cancel()


class StatusFollower:
    """Keeps a status bar in step with a session."""

    def __init__(self, bar: StatusBar, session: Session) -> None:
        self._bar, self._session = bar, session
        session.view.events.cursor_lps.connect(self.show_position)
        session.changed.connect(self._on_change)
        session.tasks.changed.connect(self.show_tasks)
        self.device = DeviceSlot(bar.device, session)
        self._clock = QTimer(bar, interval=EVERY_MS)
        self._clock.timeout.connect(self.show_saved)
        self._clock.timeout.connect(self.show_tasks)
        self._clock.start()
        self._on_change()

    def _on_change(self, *_: object) -> None:
        self.show_position()
        self.show_saved()

    def show_tasks(self, *_: object) -> None:
        """The task slot."""
        self._bar.task.show_tasks(list(self._session.tasks.running))

    def show_hover(self, hover: Hover | None) -> None:
        """What lies under the pointer; under the cross where the pointer is elsewhere."""
        if hover is None:
            self.show_position()
        else:
            self._show_voxel(hover)

    def show_position(self, *_: object) -> None:
        """What lies under the cross."""
        from .viewer.hover import hover_at  # the first frame of the window needs no volumes

        case = self._session.case
        hover = hover_at(case, self._session.view.cursor_lps) if case else None
        if hover is None:
            for slot in (self._bar.index, self._bar.position, self._bar.value, self._bar.segment):
                slot.setText("")
        else:
            self._show_voxel(hover)

    def _show_voxel(self, hover: Hover) -> None:
        bar = self._bar
        x, y, z = hover.position_lps
        bar.index.setText("({}, {}, {})".format(*hover.index))
        bar.position.setText(f"{figures.signed(x)}  {figures.signed(y)}  {figures.signed(z)} mm")
        bar.value.setText(value_text(hover.modality, hover.units, hover.value))
        bar.segment.setText(hover.segment.name if hover.segment else hover.series)

    def show_saved(self) -> None:
        """The saved slot and where models run."""
        self.device.show()
        self._bar.saved.setText(saved_text(self._session))


def saved_text(session: Session) -> str:
    """What has become of the reader's work."""
    if session.case is None:
        return ""
    if session.case.read_only:
        return "Read-only"
    if session.journal is not None and session.journal.is_failing:
        return "Not on disk"
    if session.saved_at is None:
        return "Nothing changed yet" if session.case.segmentation.segments else "Nothing marked yet"
    return f"Saved {figures.age(time.time() - session.saved_at)}"


def value_text(modality: str, units: str, value: float) -> str:
    """HU 43 for CT, the number with its unit where there is one."""
    number = figures.signed(value, 0 if float(value).is_integer() else 2)
    if modality == "CT":
        return f"HU {number}"
    unit = UNITS.get(units.upper(), units)
    return f"{number} {unit}" if unit else f"Value {number}"
