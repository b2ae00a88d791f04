"""What a button began ends with that button, also where a dialog or menu took the news that it is up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from .conftest import SHAPE

Button = Qt.MouseButton
NONE, LEFT, RIGHT = Button.NoButton, Button.LeftButton, Button.RightButton
PRESS, MOVE, RELEASE = QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease


@pytest.fixture
def view(show: Any) -> Any:
    return show(np.zeros(SHAPE, np.int16), (10, 20, 18)).views["axial"]


def send(view: Any, kind: QEvent.Type, aside: int, button: Button, held: Button) -> None:
    """A mouse event so many pixels beside the middle of a view."""
    place = QPointF(view.width() / 2 + aside, view.height() / 2)
    event = QMouseEvent(
        kind, place, QPointF(view.mapToGlobal(place)), button, held, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(view.overlay, event)


def painted(session: Any) -> int:
    return int(np.count_nonzero(session.case.segmentation.labels()))


def begin(view: Any, session: Any, tool: str) -> None:
    session.view.tool = tool
    send(view, PRESS, 0, LEFT, LEFT)
    send(view, MOVE, 20, NONE, LEFT)


def test_a_stroke_ends_where_it_was_when_its_release_got_lost(view: Any, session: Any) -> None:
    begin(view, session, "brush")
    before = painted(session)
    for aside in (40, 80):
        send(view, MOVE, aside, NONE, NONE)
    assert painted(session) == before > 0
    assert session.case.history.names == ("Brush",)


def test_the_next_press_begins_a_stroke_of_its_own(view: Any, session: Any) -> None:
    begin(view, session, "brush")
    send(view, PRESS, 60, LEFT, LEFT)
    send(view, RELEASE, 60, LEFT, NONE)
    assert session.case.history.names == ("Brush", "Brush")


def test_a_window_drag_ends_when_its_release_got_lost(view: Any, session: Any) -> None:
    begin(view, session, "window")
    window = session.view.window
    send(view, MOVE, 80, NONE, NONE)
    assert session.view.window == window


def test_another_button_does_not_end_a_stroke(view: Any, session: Any) -> None:
    begin(view, session, "brush")
    before = painted(session)
    send(view, PRESS, 20, RIGHT, LEFT | RIGHT)
    send(view, RELEASE, 20, RIGHT, LEFT)
    send(view, MOVE, 80, NONE, LEFT)
    send(view, RELEASE, 80, LEFT, NONE)
    assert painted(session) > before
    assert session.case.history.names == ("Brush",)
