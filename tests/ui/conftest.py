"""The whole window on a session of its own, with a small oblique volume open; without the viewer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from medseg_app.app.enter_case import enter
from medseg_app.app.folders import Folders
from medseg_app.app.session import Session
from medseg_app.app.settings import Settings
from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.proposal import Candidate, ModelIdentity, Proposal
from medseg_app.core.segment import ABNORMAL, Code
from medseg_app.core.volume import Volume

SHAPE = (12, 40, 48)


def oblique_volume(modality: str = "CT") -> Volume:
    turn = np.linalg.qr(np.array([[0.9, 0.3, 0.1], [-0.2, 1.0, 0.2], [0.1, -0.3, 0.9]]))[0]
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([3.1, 0.9, 0.7])
    voxels = np.random.default_rng(1).integers(-100, 100, SHAPE).astype(np.int16)
    return Volume(voxels, VolumeGeometry.regular(SHAPE, affine, "1.2.3"), id="1.2.3.4", modality=modality)


def candidate(number: int, score: float | None, start: tuple[int, int, int], size: int = 4) -> Candidate:
    box = Box.of(start, [n + size for n in start])
    mask = np.ones(box.shape, bool)
    type_ = Code("4147007", "SCT", "Mass")
    return Candidate(f"Tumour {number}", 1, box, mask, "instance", score, category=ABNORMAL, type=type_)


def proposal() -> Proposal:
    """Three findings apart from each other: scores 0.9, 0.6 and 0.3."""
    found = (candidate(1, 0.9, (1, 2, 3)), candidate(2, 0.6, (6, 20, 30)), candidate(3, 0.3, (2, 30, 5)))
    return Proposal("1.2.3.4", found, ModelIdentity("test-model", "1", "00"))


@pytest.fixture
def empty_window(qapp: object, tmp_path: Path) -> Iterator[object]:
    from medseg_app.ui import theme
    from medseg_app.ui.controller import Controller
    from medseg_app.ui.off_thread import MainThread
    from medseg_app.ui.window import MainWindow

    theme.apply(qapp)  # type: ignore[arg-type]
    window = MainWindow()
    window.resize(1440, 900)
    window.show()
    main = MainThread()
    folders = Folders(tmp_path / "config", tmp_path / "data", tmp_path / "cache")
    session = Session(folders, Settings(reader="Dr Test"), call_on_main=main.call)
    Controller(window, session, main)
    yield window
    session.release_case(forget_unsaved=True)
    window.close()
    window.deleteLater()


@pytest.fixture
def whole_window(qapp, tmp_path, monkeypatch) -> Iterator[object]:
    """Open the window as `medseg app` does, viewer and all; the reader in front of it, Qt's own dialogs."""
    from medseg_app.ui import main, scripted
    from medseg_app.ui.window import MainWindow

    from .reader import Reader

    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "home"))
    qapp.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    main.make_application()
    window = MainWindow()
    window.resize(1500, 950)

    def open_(path: Path | None = None) -> Reader:
        window.painted.connect(lambda: main.fill(window, path))
        window.show()
        scripted.wait_until(lambda: bool(window.controller and window.controller.viewer.area), 120)
        scripted.pause(0.3)
        return Reader(window)

    yield open_
    if window.controller is not None:
        window.controller.session.release_case(forget_unsaved=True)
        window.controller.close()
    window.hide()
    window.deleteLater()


@pytest.fixture
def window(empty_window):
    enter(empty_window.controller.session, Case.of(oblique_volume()))
    return empty_window


@pytest.fixture
def controller(window):
    return window.controller


@pytest.fixture
def session(controller):
    return controller.session


@pytest.fixture
def told(session):
    """The notices that the session gives from here on."""
    found = []
    session.notices.connect(found.append)
    return found
