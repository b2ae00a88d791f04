"""The whole application in a process of its own, which paints a stroke and waits to be killed.

    python -m tests.ui.window_to_kill FOLDER LABELS

FOLDER: a study, opened as `medseg app FOLDER` does. LABELS: where the labels go as .npy, for comparison.
Prints "painted" once the stroke is on disk.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from medseg_app.ui import main, scripted
from medseg_app.ui.window import MainWindow

from .reader import Key, Reader


def paint(labels: Path) -> None:
    """Wait for the window and its viewer, draw a stroke, and say so when the journal holds it."""
    (window,) = (w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow))
    scripted.wait_until(lambda: window.controller is not None, 60)
    reader = Reader(window)
    scripted.wait_until(reader.is_looking, 60)
    scripted.pause(0.3)
    assert QApplication.activeModalWidget() is None, "nothing was interrupted yet, so nothing is offered"
    reader.key(Key.Key_B)
    reader.stroke("axial")
    scripted.wait_until(lambda: reader.session.journal.is_durable, 30)
    np.save(labels, reader.labels())
    print("painted", flush=True)  # noqa: T201


if __name__ == "__main__":
    main.make_application()
    QTimer.singleShot(0, lambda: paint(Path(sys.argv[2])))
    sys.exit(main.main(Path(sys.argv[1])))
