"""The status bar tells where, saved and running, and stops what runs."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from medseg_app.app.command import Job, command
from medseg_app.app.commands import segments as commands
from medseg_app.app.enter_case import enter
from medseg_app.core.case import Case
from medseg_app.engines.expected_device import ExpectedDevices
from medseg_app.ui import figures
from medseg_app.ui.scripted import wait_until
from medseg_app.ui.status_bar import saved_text, value_text

from .conftest import proposal


def test_it_tells_what_lies_under_the_cross(window, session):
    session.run(commands.add_segment, name="Liver")
    x, y, z = session.case.volume.geometry.to_patient((3, 4, 5)).tolist()
    session.view.cursor_lps = (x, y, z)
    assert window.status.index.text() == "(3, 4, 5)"
    value = int(session.case.volume.voxels[3, 4, 5])
    assert window.status.value.text() == f"HU {figures.signed(value, 0)}"


def test_a_place_outside_the_volume_shows_nothing(window, session):
    session.view.cursor_lps = (1e4, 1e4, 1e4)
    assert window.status.index.text() == ""


def test_saved_state_follows_the_journal(session):
    assert saved_text(session) == "Nothing marked yet"
    session.run(commands.add_segment, name="Liver")
    wait_until(lambda: session.saved_at is not None, 10)
    assert saved_text(session) == "Saved just now"
    enter(session, Case(session.case.volume, session.case.segmentation))
    assert saved_text(session) == "Nothing changed yet", "what was marked before came with the case"


def test_a_running_task_is_shown_and_stopped_by_its_cross(window, session):
    @command("Count")
    def count(session):
        def work(progress):
            for step in range(10_000):
                progress(step / 10_000)
                time.sleep(0.005)

        return Job("Count voxels", work, lambda _: None)

    task = session.start(count)
    wait_until(window.status.task.isVisible, 10)
    assert "Count voxels" in window.status.task.text.text()
    QTest.mouseClick(window.status.task.cross, Qt.MouseButton.LeftButton)
    wait_until(lambda: task.state == "cancelled", 5)
    assert not window.status.task.isVisible()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "just now"), (8, "8 s ago"), (200, "3 min ago"), (7300, "2 h ago")]
)
def test_ages(seconds, text):
    assert figures.age(seconds).replace(figures.THIN, " ") == text


@pytest.mark.parametrize(
    ("ml", "text"), [(0.25, "0.25 ml"), (4.06, "4.1 ml"), (120.4, "120 ml"), (1240, "1.24 l")]
)
def test_volumes(ml, text):
    assert figures.volume(ml).replace(figures.THIN, " ") == text


def test_values_by_modality():
    assert value_text("CT", "", -1000.0) == f"HU {figures.MINUS}1000"
    assert value_text("PT", "g/ml", 3.25) == "3.25 g/ml"
    assert value_text("MR", "", 12.0) == "Value 12"


def test_the_right_end_tells_the_device_that_auto_means(window, controller, session):
    assert window.status.device.text() == "exact", "nothing that is not known yet"
    controller.status.device.find(controller.beside)
    wait_until(lambda: window.status.device.text() in ("CPU exact", "GPU exact"), 20)


def test_after_a_run_it_tells_what_the_run_used(window, session):
    from dataclasses import replace

    from medseg_app.app.show_proposal import show_proposal

    for device, text in (("cuda:0", "GPU exact"), ("cuda:1", "GPU 1 exact"), ("cpu", "CPU exact")):
        show_proposal(session, replace(proposal(), device=device))
        assert window.status.device.text() == text


def test_fast_is_only_told_where_it_is_possible(window, controller, session):
    slot = controller.status.device
    session.settings.precision = "fast"
    slot._take(ExpectedDevices("cpu", frozenset({"cuda"})))
    assert window.status.device.text() == "CPU exact"
    assert "Fast" in window.status.device.toolTip()
    slot._take(ExpectedDevices("cpu", frozenset({"cpu"})))
    assert window.status.device.text() == "CPU fast"
    session.settings.device = "cuda:0"
    slot.show()
    assert window.status.device.text() == "GPU exact"
