"""A viewer in a real window, with a small oblique, anisotropic case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from medseg_app.app.change import Change
from medseg_app.app.folders import Folders
from medseg_app.app.session import Session
from medseg_app.app.settings import Settings
from medseg_app.core.case import Case
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume

SHAPE = (20, 40, 36)
SPACING = (3.0, 1.4, 1.1)


def oblique_affine(about_x: float = 12.0, about_z: float = -9.0) -> NDArray[np.float64]:
    """(k, j, i, 1) to LPS mm: columns point left, rows to the back, slices to the head, all turned."""
    a, c = np.deg2rad([about_x, about_z])
    turn = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn[:, ::-1] * SPACING
    affine[:3, 3] = (-17.0, 23.0, 101.0)
    return affine


def settle(milliseconds: int = 60) -> None:
    """Let the event loop run. QTest.qWait is not used: vispy replaces it by a loop that crashes PySide."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def enter(session: Session, case: Case, cursor: tuple[int, int, int]) -> None:
    """Show a case, with the linked cursor on a voxel."""
    session.case = case
    session.view.window, session.view.interpolate, session.view.show_cross = (500.0, 1000.0), False, False
    x, y, z = case.volume.geometry.to_patient(cursor).tolist()
    session.view.cursor_lps = (x, y, z)
    session.changed.emit(Change.of("case"))


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(Folders(tmp_path, tmp_path, tmp_path), Settings())


@pytest.fixture
def show(qapp: object, session: Session) -> Iterator[Callable[..., object]]:
    """A function that shows a case of these voxels in a window and returns the ViewerArea."""
    from PySide6.QtWidgets import QMainWindow

    from medseg_app.ui.viewer.area import ViewerArea

    window = QMainWindow()
    window.resize(1000, 720)
    area = ViewerArea(session)
    window.setCentralWidget(area)

    def show_case(
        voxels: NDArray[np.int16], cursor: tuple[int, int, int], geometry: VolumeGeometry | None = None
    ) -> ViewerArea:
        geometry = geometry or VolumeGeometry.regular(SHAPE, oblique_affine())
        window.show()
        enter(session, Case.of(Volume(voxels, geometry, id="test", modality="CT")), cursor)
        settle(200)
        return area

    yield show_case
    area.close_views()
    window.close()
    window.deleteLater()
    settle(20)
