"""A reader at the real window: mouse, keys, and names typed into the dialogs that open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget

from medseg_app.ui import scripted
from medseg_app.ui.window import MainWindow

Key = Qt.Key
LEFT = Qt.MouseButton.LeftButton
NONE, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
WAY = ((0.44, 0.48), (0.5, 0.52), (0.56, 0.5))
"""Where a stroke goes: shares of the width and height of a view."""


class Reader:
    """Hands on mouse and keys."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        assert window.controller is not None
        self.controller = window.controller
        self.session = window.controller.session

    def key(self, key: Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """Press a key of the window."""
        self.window.activateWindow()
        self.window.setFocus()
        scripted.wait_until(self.window.isActiveWindow, 10, "the focus")
        QTest.keyClick(self.window, key, modifiers)
        scripted.pause(0.1)

    def control(self, key: Key) -> None:
        """Press a key with Ctrl."""
        self.key(key, CTRL)

    def rest(self) -> None:
        """Wait until nothing runs any more."""
        scripted.pause(0.1)
        scripted.wait_until(lambda: not self.session.tasks.running, 300, "a task")

    def is_looking(self) -> bool:
        """Whether a series is open, shown, and nothing runs."""
        shown = self.controller.viewer.area is not None and self.session.case is not None
        return shown and not self.session.tasks.running

    def type_into_dialog(self, name: Path, key: Key, modifiers: Qt.KeyboardModifier = CTRL) -> None:
        """Press a key that asks for a file or folder, and type its name into the dialog."""
        answer_dialog(lambda: self.key(key, modifiers), lambda dialog: type_name(dialog, name))
        self.rest()

    def stroke(self, plane: str) -> tuple[Any, list[tuple[int, int]]]:
        """Draw a stroke across the middle of a view; its cursor before and the pixels."""
        view = self.controller.viewer.area.views[plane]
        cursor = self.session.view.cursor_lps
        pixels = [QPoint(round(view.width() * x), round(view.height() * y)) for x, y in WAY]
        QTest.mousePress(view.overlay, LEFT, pos=pixels[0])
        for pixel in pixels[1:]:
            QTest.mouseMove(view.overlay, pixel)
            scripted.pause(0.05)
        QTest.mouseRelease(view.overlay, LEFT, pos=pixels[-1])
        scripted.pause(0.05)
        return cursor, [(p.x(), p.y()) for p in pixels]

    def labels(self) -> NDArray[np.bool_]:
        """Which voxels belong to any segment, (k, j, i)."""
        segmentation = self.session.case.segmentation
        return np.any([segmentation.labels(g) > 0 for g in range(segmentation.groups)], axis=0)


def answer_dialog(press: Callable[[], object], answer: Callable[[Any], object]) -> None:
    """Press what opens a dialog, and answer it: pressing may come back only when it is closed."""
    _answer(press, answer, _dialog_with_keys)


def answer_menu(press: Callable[[], object], answer: Callable[[Any], object]) -> None:
    """The same with a menu."""
    _answer(press, answer, QApplication.activePopupWidget)


def _answer(
    press: Callable[[], object], answer: Callable[[Any], object], present: Callable[[], QWidget | None]
) -> None:
    before, answers, problems = present(), list[str](), list[BaseException]()

    def look() -> None:
        opened = present()
        if opened is None or opened is before:
            return
        timer.stop()
        answers.append("begun")
        try:
            answer(opened)
        except BaseException as problem:  # noqa: BLE001  what opened must close, or the test never ends
            problems.append(problem)
            opened.close()
        answers.append("given")

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(20)
    press()
    scripted.wait_until(lambda: "begun" in answers, 20, "a dialog")  # a button opens it a moment later
    scripted.wait_until(lambda: "given" in answers, 300, "the answer")
    if problems:
        raise problems[0]


def _dialog_with_keys() -> QWidget | None:
    """The dialog in front, once keys go to it."""
    dialog = QApplication.activeModalWidget()
    return dialog if dialog is not None and dialog.isActiveWindow() else None


def type_name(dialog: Any, name: Path) -> None:
    """Type the name of a file or folder into a file dialog of Qt's, and press Return."""
    assert isinstance(dialog, QFileDialog), dialog
    line = dialog.findChild(QLineEdit, "fileNameEdit")
    type_over(line, str(name))
    QTest.keyClick(line, Key.Key_Return)


def type_over(line: QLineEdit, text: str) -> None:
    """Click into a line and replace what stands there."""
    QTest.mouseClick(line, LEFT)
    scripted.wait_until(line.hasFocus, 10, "the focus")
    QTest.keyClick(line, Key.Key_A, CTRL)
    QTest.keyClicks(line, text)
    assert line.text() == text, line.text()
