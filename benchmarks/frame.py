"""Dab to refreshed frame: one 2D view, beside napari's own painting on a canvas of the same size.

Needs a display with OpenGL: `xvfb-run -a -s "-screen 0 1920x1080x24" python -m benchmarks.frame`. Each side
paints a dab and waits until the frame that shows it is drawn and finished by OpenGL. The second figure is
the older protocol of the project's notes: one more whole frame is drawn after that.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

SHAPE = (100, 512, 512)
SPACING_MM = (1.0, 1.0, 1.0)
SIZE = (1200, 900)
DABS = 20
SLICE = 50
Dab = Callable[[int], None]


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


def compare(app, brush_mm: float) -> list[dict[str, float | str]]:
    """Both sides in turn, dab by dab, so that they share the machine's noise."""
    from PySide6.QtWidgets import QMainWindow

    windows, views = [], []
    for kind in (NapariView, OurView):
        window = QMainWindow()
        window.resize(*SIZE)
        views.append(kind(window, brush_mm))
        window.show()
        windows.append(window)
    idle(app, 800)
    times: dict[str, list[tuple[float, float, float]]] = {type(view).__name__: [] for view in views}
    for number in range(1, DABS):
        for view in views:
            times[type(view).__name__].append(one_dab(app, view, number))
    for view, window in zip(views, windows, strict=True):
        view.close()
        window.close()
    return [row(name, brush_mm, found) for name, found in times.items()]


def row(name: str, brush_mm: float, found: list[tuple[float, float, float]]) -> dict[str, float | str]:
    first, whole, bare = (statistics.median(column) * 1e3 for column in zip(*found, strict=True))
    return {
        "who": name,
        "brush_mm": brush_mm,
        "dab_to_frame_ms": first,
        "and_whole_frame_ms": whole,
        "bare_frame_ms": bare,
    }


def run() -> list[dict[str, float | str]]:
    """One row per side and brush."""
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    return [line for brush_mm in (10.0, 40.0) for line in compare(app, brush_mm)]


def main() -> None:
    for row in run():
        print(
            "  ".join(
                f"{key} {value:.1f}" if isinstance(value, float) else f"{key} {value}"
                for key, value in row.items()
            )
        )


if __name__ == "__main__":
    main()
