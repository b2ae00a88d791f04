"""Composition root of the window: application, settings, session, window, in the order of the eye.

The frame is shown first, with Qt alone; the session follows, then the panels, then the viewer, whose
libraries load in a thread.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QTimer
from PySide6.QtWidgets import QApplication

from . import theme
from .off_thread import MainThread, OffThread
from .window import MainWindow


def main(path: Path | None = None) -> int:
    """Show the window and work until it is closed. path: what to open at the start."""
    app = make_application()
    window = MainWindow()
    window.show()
    window.painted.connect(lambda: fill(window, path))
    catch_bugs(window)
    return app.exec()


def catch_bugs(window: MainWindow) -> None:
    """Tell the reader of faults of the program, and keep a report of each."""
    from medseg_app.app.folders import Folders

    from .bug_report import BugReports

    BugReports(window, Folders.of_user().data / "reports").install()


def make_application() -> QApplication:
    """The Qt application with MedSeg's theme; the present one where there is one."""
    present = QApplication.instance()
    if isinstance(present, QApplication):
        theme.apply(present)
        return present
    QCoreApplication.setApplicationName("MedSeg")
    QCoreApplication.setOrganizationName("MedSeg")
    app = QApplication(sys.argv[:1])
    app.setApplicationDisplayName("")
    theme.apply(app)
    return app


def fill(window: MainWindow, path: Path | None = None) -> None:
    """Give a shown frame its session, panels and viewer; `window.controller` is there a moment later."""
    main_thread = MainThread()
    window.destroyed.connect(main_thread.deleteLater)
    loader = OffThread(main_thread)
    app = QCoreApplication.instance()
    if app is not None:
        app.aboutToQuit.connect(loader.close)  # a window that is closed at once ends within an import
    loader.run(_read_session_code, lambda _: _fill(window, path, main_thread))


def _read_session_code() -> None:
    from pydantic import BaseModel, TypeAdapter

    # Whole, before other threads ask for it: psygnal and napari both look into a half-read pydantic.
    _ = BaseModel, TypeAdapter
    importlib.import_module("medseg_app.ui.controller")


def _fill(window: MainWindow, path: Path | None, main_thread: MainThread) -> None:
    from medseg_app.app.session import Session

    from .controller import Controller

    controller = Controller(window, Session(call_on_main=main_thread.call), main_thread)
    QTimer.singleShot(0, lambda: controller.load_viewer(path))
    if os.environ.get("MEDSEG_WATCHDOG"):
        watch(window)


def watch(window: MainWindow) -> None:
    """Record what holds the window's thread; the list goes to the log when the window closes."""
    from .stall_watchdog import StallWatchdog

    dog = StallWatchdog()
    dog.setParent(window)
    dog.start()
    window.destroyed.connect(lambda: logging.getLogger(__name__).warning("stalls:\n%s", dog.report()))
