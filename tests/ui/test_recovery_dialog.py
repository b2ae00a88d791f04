"""Strokes of an interrupted session are offered, restored or discarded."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from medseg_app.app import recovery
from medseg_app.ui.dialogs import recovery as dialogs
from medseg_app.ui.scripted import wait_until


@pytest.fixture
def item(tmp_path):
    path = tmp_path / "abc.journal"
    return recovery.Recoverable(path, {"case_path": "", "source": "/images/abdomen"}, 3, time.time() - 120)


@pytest.fixture
def started(session, monkeypatch):
    calls = []
    monkeypatch.setattr(session, "start", lambda command, **more: calls.append((command.__name__, more)))
    return calls


def test_a_line_tells_what_was_interrupted(item):
    assert dialogs.case_text(item) == "/images/abdomen"


def test_restore_closes_and_hands_the_work_on(window, session, item):
    restored = []
    dialog = dialogs.RecoveryDialog(window, session, [item], restored.append)
    dialog.show()
    dialog._restore(item)
    assert restored == [item]
    assert not dialog.isVisible()


def test_discard_deletes_and_closes_after_the_last_one(window, session, item, started):
    dialog = dialogs.RecoveryDialog(window, session, [item], lambda _: None)
    dialog.show()
    dialog._discard(item)
    assert started == [("discard", {"item": item})]
    assert not dialog.isVisible()


def test_later_does_nothing(window, session, item, started):
    dialog = dialogs.RecoveryDialog(window, session, [item], lambda _: None)
    dialog.show()
    dialog.reject()
    assert started == []


def test_each_line_has_keys_as_far_as_there_are_digits(window, session, item, started, tmp_path):
    left = [recovery.Recoverable(tmp_path / f"{n}.journal", item.about, 3, 0.0) for n in range(11)]
    restored = []
    dialog = dialogs.RecoveryDialog(window, session, left, restored.append)
    dialog.show()
    dialog.activateWindow()
    QTest.qWaitForWindowActive(dialog)
    alt, control = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(dialog, Qt.Key.Key_2, alt | control)
    wait_until(lambda: bool(started), 10.0)
    assert started == [("discard", {"item": left[1]})]
    QTest.keyClick(dialog, Qt.Key.Key_3, alt)
    wait_until(lambda: bool(restored), 10.0)
    assert restored == [left[2]]
