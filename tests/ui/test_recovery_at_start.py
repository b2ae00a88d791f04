"""The application is killed in the middle of its work; its next start offers the strokes by itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from medseg_app.io.dicom.series_writer import write_series
from medseg_app.phantom import marker_phantom
from medseg_app.ui import scripted
from medseg_app.ui.dialogs.recovery import RecoveryDialog
from tests.house.repository import ROOT

from .reader import Key, Reader


@pytest.fixture
def painted(display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """What a window had painted when it was killed."""
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "home"))
    (tmp_path / "study").mkdir()
    write_series(marker_phantom("oblique")[0], tmp_path / "study", seed=1)
    labels = tmp_path / "labels.npy"
    words = [sys.executable, "-m", "tests.ui.window_to_kill", tmp_path / "study", labels]
    window = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert window.stdout is not None
        assert window.stdout.readline() == "painted\n"
    finally:
        window.send_signal(signal.SIGKILL)
        window.communicate()
    return np.load(labels)


def test_the_next_start_offers_the_strokes_and_gives_them_back(
    painted: np.ndarray, whole_window: Any
) -> None:
    assert painted.any()
    reader: Reader = whole_window()
    dialog = _offer(reader)
    QTest.keyClick(dialog, Key.Key_Return)
    scripted.wait_until(reader.is_looking, 60, "the strokes")
    assert np.array_equal(reader.labels(), painted)
    assert reader.session.unsaved


def test_later_asks_again_at_the_start_after_it(painted: np.ndarray, whole_window: Any) -> None:
    reader: Reader = whole_window()
    QTest.keyClick(_offer(reader), Key.Key_Escape)
    assert reader.session.case is None
    reader.controller.opening.offer_recovery()
    _offer(reader).reject()


def _offer(reader: Reader) -> RecoveryDialog:
    """The dialog that the window shows by itself once it is ready."""

    def is_offered() -> bool:
        dialog = QApplication.activeModalWidget()
        return isinstance(dialog, RecoveryDialog) and dialog.isActiveWindow()

    scripted.wait_until(is_offered, 30, "the offer")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, RecoveryDialog)
    assert dialog.parent() is reader.window
    return dialog
