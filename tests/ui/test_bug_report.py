"""A fault of the program is told without a pop-up, and kept in a file."""

from __future__ import annotations

import sys

import pytest

from medseg_app.ui import bug_report


@pytest.fixture
def reports(empty_window, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "__excepthook__", lambda *_: None)
    made = bug_report.BugReports(empty_window, tmp_path / "reports")
    made.install()
    return made


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
