"""Work that no file holds is never left behind without a question."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog

from medseg_app.app.command import Job
from medseg_app.app.commands import segments as commands
from medseg_app.app.enter_case import enter
from medseg_app.app.session import Session
from medseg_app.app.settings import Settings
from medseg_app.core.case import Case
from medseg_app.core.errors import MedsegError
from medseg_app.tools.contract import PointerEvent
from medseg_app.ui.dialogs import unsaved
from medseg_app.ui.scripted import pause, wait_until

from .conftest import oblique_volume
from .reader import ALT, Key, answer_dialog, type_name


@pytest.fixture
def answers(monkeypatch) -> dict[str, Any]:
    """What the reader will answer, and how often he was asked."""
    given: dict[str, Any] = {"answer": "stay", "asked": 0}

    def ask(_dialog):
        given["asked"] += 1
        return given["answer"]

    monkeypatch.setattr(unsaved.UnsavedDialog, "ask", ask)
    return given


@pytest.fixture
def changed(session):
    session.run(commands.add_segment, name="Liver")
    return session


def test_an_unchanged_case_closes_without_a_question(window, answers):
    window.close()
    assert answers["asked"] == 0
    assert not window.isVisible()


def test_a_changed_case_asks_and_may_stay(window, changed, answers):
    assert window.isWindowModified()
    window.close()
    assert answers["asked"] == 1
    assert window.isVisible()
    assert changed.case.segmentation.segments


def test_discarding_closes(window, changed, answers):
    answers["answer"] = "discard"
    window.close()
    pause(0.05)
    assert not window.isVisible()


@pytest.mark.parametrize("name", ["liver", "liver.medseg"])
@pytest.mark.parametrize("key", [Key.Key_N, Key.Key_Y])
def test_an_older_case_is_not_replaced_unasked(qapp, window, changed, tmp_path, name, key):
    """Whether or not its ending was typed."""
    qapp.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    older = tmp_path / "liver.medseg"
    older.write_text("older")
    asked = []

    def decide(question):
        asked.append(question.text())
        QTest.keyClick(question, key, ALT)

    def answer(files):
        answer_dialog(lambda: type_name(files, tmp_path / name), decide)
        if key == Key.Key_N:
            files.reject()  # it stays open

    answer_dialog(window.controller.closing.save_as, answer)
    wait_until(lambda: not changed.tasks.running, 30)
    assert len(asked) == 1
    assert "liver.medseg" in asked[0]
    assert (older.read_bytes() == b"older") == (key == Key.Key_N)


def test_saving_writes_the_case_and_then_closes(window, changed, answers, tmp_path, monkeypatch):
    answers["answer"] = "save"
    target = tmp_path / "liver.medseg"
    monkeypatch.setattr(window.controller.closing, "_ask_name", lambda: target)
    window.close()
    wait_until(lambda: not window.isVisible(), 30)
    assert target.is_file()


def test_saving_that_is_called_off_stays(window, changed, answers, monkeypatch):
    answers["answer"] = "save"
    monkeypatch.setattr(window.controller.closing, "_ask_name", lambda: None)
    window.close()
    pause(0.05)
    assert window.isVisible()


def test_the_title_tells_what_is_open_and_whether_it_is_saved(window, changed, controller, tmp_path):
    from medseg_app.app.commands.case import save_case

    changed.run(save_case, path=tmp_path / "liver.medseg")
    assert window.windowTitle().startswith("liver[*]")
    assert not window.isWindowModified()
    changed.run(commands.add_segment, name="Spleen")
    assert window.isWindowModified()


def test_the_next_start_finds_the_window_where_it_was(window, session):
    window.resize(1300, 850)
    session.view.brush_mm = 17.0
    window.controller.closing.remember_place()
    stored = type(session.settings).load(session.folders.config)
    assert session.settings.path is None or stored.brush_mm == 17.0
    assert session.settings.geometry


def test_the_next_start_finds_the_look_of_labels(window, session, tmp_path):
    session.settings.path = tmp_path / "settings.json"
    session.view.fill_opacity, session.view.outline_px = 0.6, 3.0
    session.view.show_patient = False
    window.controller.closing.remember_place()
    kept = Session(session.folders, Settings.load(tmp_path)).view
    assert (kept.fill_opacity, kept.outline_px, kept.show_patient) == (0.6, 3.0, False)


@pytest.mark.parametrize("in_the_way", ["a file as its folder", "a folder of its name"])
def test_settings_that_cannot_be_kept_do_not_keep_the_window_from_closing(
    window, session, tmp_path, caplog, in_the_way
):
    session.settings.path = tmp_path / "place" / "settings.json"
    if in_the_way == "a folder of its name":
        session.settings.path.mkdir(parents=True)
    else:
        (tmp_path / "place").write_text("")
    window.close()
    assert not window.isVisible()
    assert session.case is None
    with pytest.raises(RuntimeError, match="shutdown"):
        session.tasks._threads.submit(print)
    assert "settings were not kept" in caplog.text


def test_what_fails_in_closing_does_not_keep_the_rest_from_closing(window, session, controller, monkeypatch):
    def fails():
        raise OSError("no viewer")

    with monkeypatch.context() as patch:
        patch.setattr(controller.viewer, "close", fails)
        with pytest.raises(OSError, match="no viewer"):
            controller.close()
    assert session.case is None


def test_undo_names_the_step(changed, controller):
    assert controller.actions["undo"].text() == "Undo Add Liver"
    assert "Add Liver" in controller.actions["undo"].toolTip()
    controller.actions["undo"].trigger()
    assert not controller.actions["undo"].isEnabled()
    assert controller.actions["redo"].text() == "Redo Add Liver"


@pytest.mark.parametrize("leave", ["window", "case"])
def test_a_first_stroke_whose_button_is_still_down_is_asked_for_too(
    window, session, controller, answers, leave
):
    session.view.tool, session.view.brush_mm = "brush", 5.0
    x, y, z = session.view.cursor_lps
    session.gestures.press(PointerEvent((x, y, z), 0, 6))
    window.close() if leave == "window" else controller.closing.close_case()
    assert answers["asked"] == 1
    assert session.case.history.names == ("Brush",)


def test_a_case_that_came_while_the_question_stood_is_not_what_was_asked_about(
    window, session, changed, controller, monkeypatch
):
    """A save that still ran may end, and lead on to the next series, below the question."""
    asked = []

    def ask(_dialog):
        asked.append(session.case)
        enter(session, Case.of(oblique_volume("MR")))
        session.run(commands.add_segment, name="Restored")
        return "discard" if len(asked) == 1 else "stay"

    monkeypatch.setattr(unsaved.UnsavedDialog, "ask", ask)
    controller.closing.close_case()
    assert len(asked) == 2
    assert session.case is not asked[0]
    assert [segment.name for segment in session.case.segmentation.segments] == ["Restored"]


def long_export(session, end, error=None):
    """An export that ends when it is told to."""

    def work(_progress):
        assert end.wait(30)
        if error is not None:
            raise error
        return []

    return session.tasks.start(Job("Export", work, lambda _: None, is_awaited=True), session.fail)


def test_a_window_that_closes_waits_for_an_export(window, session):
    end = Event()
    long_export(session, end)
    window.close()
    window.close()
    pause(0.1)
    assert window.isVisible()
    assert "MedSeg closes when it is done" in window.banner.text
    end.set()
    wait_until(lambda: not window.isVisible(), 30)


def test_where_the_export_fails_the_window_stays_and_tells(window, session, answers):
    end = Event()
    task = long_export(session, end, MedsegError("The disk is full."))
    window.close()
    end.set()
    wait_until(lambda: task.is_over, 30)
    pause(0.1)
    assert window.isVisible()
    assert "The disk is full." in window.banner.text
    session.run(commands.add_segment, name="Liver")
    window.close()
    assert answers["asked"] == 1
    assert window.isVisible(), "asked, and stays"


def test_dialogs_are_gone_when_they_are_closed(window, changed, controller):
    def close_dialog(dialog):
        dialog.close()

    before = len(window.findChildren(QDialog))
    for open_ in (
        controller.opening.ask_settings,
        controller.opening.ask_export,
        controller.closing.close_case,
    ):
        answer_dialog(open_, close_dialog)
    pause(0.1)
    assert len(window.findChildren(QDialog)) == before
