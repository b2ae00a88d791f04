"""A fault of the program is told without a pop-up, and kept in a file."""

from __future__ import annotations

import logging
import sys

import pytest

from medseg_app.app.command import command
from medseg_app.app.command_log import COMMANDS, KEPT
from medseg_app.ui import bug_report
from medseg_app.ui.fault_text import without_patient

PATH = "/data/MUELLER^ANNA_1950-01-01/1.dcm"


@pytest.fixture
def reports(empty_window, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "__excepthook__", lambda *_: None)
    made = bug_report.BugReports(empty_window, tmp_path / "reports")
    heard = list(logging.getLogger(COMMANDS).handlers)
    made.install()
    yield made
    logging.getLogger(COMMANDS).handlers = heard


def report_of(error, folder):
    """The text that is kept when nobody catches an exception."""
    sys.excepthook(type(error), error, error.__traceback__)
    (file,) = folder.iterdir()
    return file.read_text()


@command("Look")
def look_at(session, path="", patient=""):
    """Look."""


def test_an_unexpected_error_is_kept_and_told(reports, empty_window, tmp_path):
    try:
        raise ZeroDivisionError("a fault of ours")
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    (file,) = (tmp_path / "reports").iterdir()
    text = file.read_text()
    assert text.startswith("MedSeg ")
    assert "a fault of ours" in text
    assert file.name in empty_window.banner.text


def test_old_reports_go(reports, tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    for number in range(bug_report.KEPT + 5):
        (folder / f"report-20200101-0000{number:02}.txt").write_text("old")
    newest = reports.write("new")
    assert len(list(folder.iterdir())) == bug_report.KEPT
    assert newest.exists()


def test_a_report_names_no_patient(reports, tmp_path):
    try:
        try:
            raise KeyError("Mueller, Anna")
        except KeyError as cause:
            raise FileNotFoundError(2, "No such file", PATH) from cause
    except FileNotFoundError as error:
        text = report_of(error, tmp_path / "reports")
    assert "builtins.KeyError" in text
    assert "builtins.FileNotFoundError: [Errno 2] No such file" in text
    assert "test_a_report_names_no_patient" in text
    # The frames show this test's own lines of code; what it raised stands behind the types.
    told = [line for line in text.splitlines() if line.startswith("builtins.")]
    assert len(told) == 2
    assert not any(part in line.upper() for line in told for part in ("MUELLER", "ANNA", "1950"))


@pytest.mark.parametrize(
    "message",
    [
        f"cannot read {PATH}",
        f"cannot read {PATH!r} again",
        "cannot read C:\\images\\Anna Mueller\\1.dcm",
        "cannot read /data/Anna Maria Mueller/1950 head",
        'the name "Mueller, Anna" is odd',
        "the name 'Mueller, Anna' is odd",
        "the name \u201eMueller, Anna\u201c is odd",
        "the name Mueller^Anna is odd",
        "'Mueller\nAnna'",
        "the patient's name b'O'Mueller^Anna' is odd",
        "the name 'Anna Muel" + "l" * 3000 + "er'",
    ],
)
def test_what_may_name_a_patient_is_left_out_of_a_message(message):
    text = without_patient(message)
    assert "<removed>" in text
    assert [part for part in ("muel", "anna", "maria", "1950") if part in text.lower()] == []


def test_identifiers_and_dates_are_left_out():
    assert (
        without_patient("of 1950-01-01, 19500101 and 01.02.1950") == "of <removed>, <removed> and <removed>"
    )
    assert without_patient("no series 1.2.840.113619.2 here") == "no series <removed> here"


def test_a_message_about_numbers_stays():
    message = "index 512 is out of bounds for axis 0 with size 512"
    assert without_patient(message) == message


def test_a_report_holds_the_last_commands_without_what_they_were_given(reports, empty_window, tmp_path):
    session = empty_window.controller.session
    session.run(look_at, patient="first of all")
    for _ in range(KEPT):
        session.start(look_at, path=PATH)
    text = report_of(ZeroDivisionError("a fault"), tmp_path / "reports")
    commands = text.split("Last commands:\n")[1].splitlines()
    assert len(commands) == KEPT
    assert all(line.endswith("look_at ['path']") for line in commands)
    assert "MUELLER" not in text
