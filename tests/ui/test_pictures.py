"""Pictures of the window: without the patient in the corners, and not before there is something to show."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QTimer

from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.registry import ModelSearch
from medseg_app.ui import screens
from medseg_app.ui.scripted import screenshot

from .test_ai_panel import card


class Watched:
    """A screen that notes whether the patient's name was to be shown when the picture was taken."""

    def __init__(self, screen, view):
        self.screen, self.view, self.shown = screen, view, []

    def grabWindow(self, *place):
        self.shown.append(self.view.show_patient)
        return self.screen.grabWindow(*place)


@pytest.mark.parametrize("shown", [True, False])
def test_a_picture_is_taken_without_the_patient(window, session, tmp_path, monkeypatch, shown):
    session.view.show_patient = shown
    watched = Watched(window.screen(), session.view)
    monkeypatch.setattr(window, "screen", lambda: watched)
    screenshot(window, tmp_path / "picture.png")
    assert watched.shown == [False]
    assert (tmp_path / "picture.png").stat().st_size > 0
    assert session.view.show_patient is shown


def test_the_picture_of_the_start_waits_for_the_models(empty_window, tmp_path, monkeypatch):
    ai = empty_window.controller.ai
    models = []
    monkeypatch.setattr(screens, "screenshot", lambda *_: models.append(ai.choice.count()))
    found = ModelSearch((ModelFolder(Path("m"), card(), {}),), ())
    QTimer.singleShot(200, lambda: ai._on_found(found))
    screens._Shots(empty_window, tmp_path, tmp_path)._empty()
    assert models == [1]
