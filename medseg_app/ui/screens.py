"""Makes the pictures of the README from the real window: `python -m medseg_app.ui.screens [FOLDER]`.

Works in user folders of its own on the demonstration study, with the demonstration models, on the screen
that is there (README.md says how to start one in memory).
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import cos, radians, sin
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from . import main
from .scripted import pause, run_to_end, screenshot, wait_until
from .window import MainWindow

if TYPE_CHECKING:
    from medseg_app.app.session import Session

    from .controller import Controller
    from .viewer.slice_view import SliceView

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
SIZE = (1600, 1000)
ORGANS, LESIONS = "demo-organs", "demo-lesions"
READY_SECONDS = 180.0
RIM_MM = 14.0
"""The stroke of the painting picture runs this far from the middle of a finding."""


def make_screens(folder: Path) -> list[Path]:
    """Make all pictures in a folder; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ["MEDSEG_HOME"] = home
        with _window() as window:
            return _Shots(window, folder, Path(home)).take()


@contextmanager
def _window() -> Iterator[MainWindow]:
    main.make_application()
    window = MainWindow()
    window.resize(*SIZE)
    window.painted.connect(lambda: main.fill(window))
    window.show()
    window.move(0, 0)
    wait_until(lambda: _is_ready(window), READY_SECONDS, "the viewer")
    try:
        yield window
    finally:
        if window.controller is not None:
            window.controller.session.release_case(forget_unsaved=True)
        window.close()


def _is_ready(window: MainWindow) -> bool:
    return window.controller is not None and window.controller.viewer.area is not None


class _Shots:
    """One picture after another, in the order in which a reader works."""

    def __init__(self, window: MainWindow, folder: Path, home: Path) -> None:
        assert window.controller is not None
        self._window, self._folder, self._home = window, folder, home
        self._controller: Controller = window.controller
        self._session: Session = window.controller.session

    def take(self) -> list[Path]:
        steps = (self._empty, self._browser, self._proposal, self._painting, self._export, self._whole)
        return [step() for step in steps]

    def _shot(self, name: str) -> Path:
        path = self._folder / f"{name}.png"
        screenshot(self._window, path)
        return path

    def _empty(self) -> Path:
        wait_until(lambda: self._controller.ai.chosen is not None, READY_SECONDS, "the models")
        return self._shot("empty")

    def _browser(self) -> Path:
        from medseg_app.app.demo_study import write_demo_study

        self._controller.opening.open(write_demo_study(self._home / "study"))
        wait_until(lambda: self._session.case is not None, READY_SECONDS)
        self._window.activateWindow()
        self._window.central.setFocus()
        wait_until(self._window.isActiveWindow, READY_SECONDS, "the focus")
        QTest.keyClick(self._window, Qt.Key.Key_1)
        pause(1.0)
        return self._shot("browser")

    def _proposal(self) -> Path:
        from medseg_app.app.commands.proposals import accept_candidates, open_candidates, run_model

        run_to_end(self._session, run_model, model=ORGANS)
        self._session.run(accept_candidates, numbers=tuple(open_candidates(self._session)))
        run_to_end(self._session, run_model, model=LESIONS)
        self._controller.proposals.step(1)
        pause(0.5)
        return self._shot("proposal")

    def _painting(self) -> Path:
        from medseg_app.app.commands.segments import jump_to_segment

        self._controller.proposals.decide_selected("accept")
        active = self._session.view.active_segment
        assert active is not None
        self._session.run(jump_to_segment, segment_id=active)
        self._session.view.tool, self._session.view.brush_mm = "brush", 6.0
        area = self._controller.viewer.area
        assert area is not None
        view = area.views["axial"]
        places = _around_the_cross(view)
        QTest.mousePress(view.overlay, Qt.MouseButton.LeftButton, pos=places[0])
        for place in places[1:]:
            QTest.mouseMove(view.overlay, place)
            pause(0.02)
        path = self._shot("painting")
        QTest.mouseRelease(view.overlay, Qt.MouseButton.LeftButton, pos=places[-1])
        self._controller.actions["undo"].trigger()
        return path

    def _export(self) -> Path:
        from .dialogs.export import ExportDialog

        dialog = ExportDialog(self._window, self._session)
        dialog.target.setText(str(self._home / "abdomen"))
        dialog.formats[".nii.gz"].setChecked(True)
        dialog.overlap.setCurrentIndex(dialog.overlap.findData("last"))
        dialog.show()
        dialog.start()
        wait_until(lambda: not self._session.tasks.running, READY_SECONDS)
        dialog.target.setText("abdomen")
        path = self._shot("export")
        dialog.close()
        return path

    def _whole(self) -> Path:
        from medseg_app.app.commands.proposals import accept_candidates, open_candidates

        numbers = tuple(open_candidates(self._session))
        if numbers:
            self._session.run(accept_candidates, numbers=numbers)
        self._session.view.tool = "window"
        self._session.view.show_3d = True
        pause(2.0)
        return self._shot("window")


def _around_the_cross(view: SliceView) -> list[QPoint]:
    """Pixels of a stroke along the rim of what the cross lies on."""
    assert view.plane is not None
    on_plane, _ = view.plane.from_patient(view.session.view.cursor_lps)
    h, v = on_plane.tolist()
    turns = [radians(angle) for angle in range(-150, 31, 6)]
    pixels = [view.camera.to_screen((h + RIM_MM * cos(a), v + RIM_MM * sin(a))).tolist() for a in turns]
    return [QPoint(round(x), round(y)) for x, y in pixels]


if __name__ == "__main__":
    for made in make_screens(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER):
        sys.stdout.write(f"{made}\n")
