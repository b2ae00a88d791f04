"""Dab to refreshed frame: one 2D view, beside napari's own painting on a canvas of the same size.

Each side paints a dab and waits until the frame that shows it is drawn and finished by OpenGL. Ours runs
from the pointer's press through tool, LabelWriter and Change; its commit comes with the release, after the
frame. The second figure is the older protocol of the project's notes: one more whole frame is drawn.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from installer.virtual_display import has_display, virtual_display

from .row import Row

HERE = Path(__file__).resolve().parents[1]
PEER = "napari"
GOAL = 0.4

SHAPE = (100, 512, 512)
SPACING_MM = (1.0, 1.0, 1.0)
SIZE = (1200, 900)
DABS = 20
SLICE = 50


def volume_voxels() -> np.ndarray:
    rng = np.random.default_rng(1)
    return (rng.normal(size=SHAPE) * 100).astype(np.int16)


def place_of(number: int) -> tuple[int, int]:
    """Row and column of the middle of a dab; none touches another."""
    return 60 + 40 * (number % 10), 60 + 40 * (number // 10)


class NapariView:
    """Napari as its users have it: a viewer with an image and a labels layer."""

    def __init__(self, window, brush_mm: float) -> None:
        from napari._qt.qt_viewer import QtViewer
        from napari.components import ViewerModel

        self.model = ViewerModel()
        self.viewer = QtViewer(self.model)
        window.setCentralWidget(self.viewer.canvas.native)
        self.model.add_image(volume_voxels(), contrast_limits=(-200, 300))
        self.labels = self.model.add_labels(np.zeros(SHAPE, np.uint8))
        self.labels.brush_size = brush_mm
        self.labels.n_edit_dimensions = 2
        self.model.dims.set_point(0, SLICE)
        self.native = self.viewer.canvas.native
        self._draws = 0
        self.viewer.canvas._scene_canvas.events.draw.connect(self._count, position="last")

    def _count(self, _event) -> None:
        self._draws += 1

    def draws(self) -> int:
        return self._draws

    def dab(self, number: int) -> None:
        self.labels.paint((SLICE, *place_of(number)), 1)

    def redraw(self) -> None:
        self.viewer.canvas._scene_canvas.update()

    def settle(self, number: int) -> None:
        """Napari commits a dab when it is painted."""

    def close(self) -> None:
        self.viewer.close()


class OurView:
    """One slice view of the application; a dab is a gesture of the brush, through the LabelWriter."""

    def __init__(self, window, brush_mm: float) -> None:
        from medseg_app.app.change import Change
        from medseg_app.app.session import Session
        from medseg_app.core.case import Case
        from medseg_app.core.geometry import VolumeGeometry
        from medseg_app.core.volume import Volume
        from medseg_app.ui.viewer.marks import Marks
        from medseg_app.ui.viewer.plane import planes_of
        from medseg_app.ui.viewer.refresh import refresh_voxels
        from medseg_app.ui.viewer.slice_view import SliceView

        geometry = VolumeGeometry.regular(SHAPE, np.diag([*SPACING_MM[::-1], 1.0])[[2, 1, 0, 3]])
        self.session = Session()
        self.session.case = case = Case.of(Volume(volume_voxels(), geometry, id="benchmark", modality="CT"))
        self.session.view.brush_mm, self.session.view.tool = brush_mm, "brush"
        self.session.view.cursor_lps = (0.0, 0.0, float(SLICE))
        self.view = SliceView(self.session, "axial")
        window.setCentralWidget(self.view)
        self.view.show_case(case, planes_of(geometry)["axial"], Marks.of(self.session, case))
        self.native = self.view.canvas.native

        def follow(change: Change) -> None:
            refresh_voxels([self.view], change)
            if "segments" in change.kinds:
                self.view.show_marks(Marks.of(self.session, case))

        self._follow = follow
        self.session.changed.connect(follow)
        self._at(0, "press")
        self._at(0, "release")

    def _at(self, number: int, what: str) -> None:
        from medseg_app.tools.contract import PointerEvent

        row, column = place_of(number)
        getattr(self.session.gestures, what)(
            PointerEvent((float(column), float(row), float(SLICE)), 0, SLICE)
        )

    def draws(self) -> int:
        return self.view.canvas.draws

    def dab(self, number: int) -> None:
        self._at(number, "press")

    def redraw(self) -> None:
        self.view.canvas.redraw()

    def settle(self, number: int) -> None:
        self._at(number, "release")

    def close(self) -> None:
        self.view.close()


def wait_for_frame(app, view) -> None:
    from OpenGL import GL

    before = view.draws()
    while view.draws() == before:
        app.processEvents()
    view.native.makeCurrent()
    GL.glFinish()


def idle(app, milliseconds: int) -> None:
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def one_dab(app, view, number: int) -> tuple[float, float, float]:
    """Seconds of (dab to the frame that shows it, the same and one more whole frame, a bare frame)."""
    idle(app, 25)
    start = time.perf_counter()
    view.dab(number)
    wait_for_frame(app, view)
    first = time.perf_counter() - start
    view.redraw()
    wait_for_frame(app, view)
    whole = time.perf_counter() - start
    view.settle(number)
    idle(app, 25)
    start = time.perf_counter()
    view.redraw()
    wait_for_frame(app, view)
    return first, whole, time.perf_counter() - start


def compare(app, brush_mm: float) -> dict[str, list[tuple[float, float, float]]]:
    """Seconds of every dab by side, both sides in turn, so that they share the machine's noise."""
    from PySide6.QtWidgets import QMainWindow

    windows, views = [], {}
    for name, kind in (("napari", NapariView), ("ours", OurView)):
        window = QMainWindow()
        window.resize(*SIZE)
        views[name] = kind(window, brush_mm)
        window.show()
        windows.append(window)
    idle(app, 800)
    times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in views}
    for number in range(1, DABS):
        for name, view in views.items():
            times[name].append(one_dab(app, view, number))
    for view, window in zip(views.values(), windows, strict=True):
        view.close()
        window.close()
    return times


def rows() -> list[Row]:
    """Lines of the table, measured in a process of its own: its windows and libraries go with it."""
    with contextlib.ExitStack() as stack:
        if not has_display():
            stack.enter_context(virtual_display())
        command = [sys.executable, "-m", "benchmarks.frame"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=HERE, check=True, timeout=600)
    measured = json.loads(done.stdout.strip().splitlines()[-1])
    return [line for brush, times in measured.items() for line in _rows_of(brush, times)]


def _rows_of(brush: str, times: dict[str, list[list[float]]]) -> list[Row]:
    kinds = (
        (f"dab of {brush} mm to the frame that shows it, one 2D view", {PEER: GOAL}),
        (f"dab of {brush} mm and one more whole frame", {}),
        ("a whole frame, nothing changed", {}),
    )
    found = []
    for column, (what, goal) in enumerate(kinds):
        ours = [dab[column] for dab in times["ours"]]
        napari = [dab[column] for dab in times["napari"]]
        ratio = statistics.median(a / b for a, b in zip(ours, napari, strict=True))
        peers = {PEER: statistics.median(napari)}
        found.append(Row(what, statistics.median(ours), peers, {PEER: ratio}, goal))
    return found


def main() -> None:
    """Measure in this process and print the seconds of every dab as JSON."""
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    print(json.dumps({brush: compare(app, float(brush)) for brush in ("10", "40")}))


if __name__ == "__main__":
    main()
