"""The views follow the session: slices, window, layouts, and no more drawing than needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from medseg_app.app.change import Change
from medseg_app.app.commands.segments import set_strength
from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.segment import Segment

from .conftest import SHAPE, settle
from .test_painting_lands import picture

CURSOR = (10, 20, 18)


def noise() -> NDArray[np.int16]:
    return np.random.default_rng(5).integers(0, 900, SHAPE).astype(np.int16)


def colours(view: Any) -> NDArray[np.uint8]:
    image = view.canvas.picture
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return pixels[:, : image.width(), :3].copy()


def paint(session: Any, box: Box) -> None:
    with session.step("paint") as writer:
        if not session.case.segmentation.has(1):
            writer.put_segment(Segment(1, "one", 1, colour=(0, 200, 255)))
        writer.write(LabelPatch(1, box, np.ones(box.shape, bool)))


def wheel(view: Any, notches: int, modifiers: Any = None) -> None:
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    middle = QPointF(view.width() / 2, view.height() / 2)
    event = QWheelEvent(
        middle,
        QPointF(view.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers or Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.overlay, event)


def test_a_part_drawn_again_looks_like_the_whole_drawn_again(show: Callable[..., Any], session: Any) -> None:
    area = show(noise(), CURSOR)
    paint(session, Box((9, 5, 5), (12, 9, 9)))
    settle(100)
    view = area.views["axial"]
    draws = view.canvas.draws
    paint(session, Box((10, 15, 14), (11, 22, 23)))
    settle(100)
    assert view.canvas.draws > draws
    after_part = colours(view)
    view.canvas.redraw()
    settle(100)
    np.testing.assert_array_equal(after_part, colours(view))


@pytest.mark.parametrize("zoom", [None, 0.9], ids=["voxels of many pixels", "voxels of one pixel"])
@pytest.mark.parametrize("outline", [0.5, 1.5, 4.0])
def test_outlines_are_as_wide_as_asked(
    show: Callable[..., Any], session: Any, outline: float, zoom: float | None
) -> None:
    area = show(np.zeros(SHAPE, np.int16), CURSOR)
    session.view.fill_opacity = 0.0
    view = area.views["axial"]
    if zoom is not None:
        view.look(replace(view.camera, zoom=zoom))
    paint(session, Box((8, 6, 8), (13, 34, 28)))
    session.view.outline_px = outline
    settle(100)
    coloured = colours(view).max(axis=2) - colours(view).min(axis=2) > 60
    rows, columns = np.nonzero(coloured)
    across = coloured[(rows.min() + rows.max()) // 2].sum() / 2
    down = coloured[:, (columns.min() + columns.max()) // 2].sum() / 2
    assert across == pytest.approx(max(outline, 1.0), abs=0.75)
    assert down == pytest.approx(max(outline, 1.0), abs=0.75)


@pytest.mark.parametrize("active", [None, 1], ids=["one of several", "the chosen one"])
def test_a_segment_covers_the_image_by_its_own_opacity(
    show: Callable[..., Any], session: Any, active: int | None
) -> None:
    area = show(np.zeros(SHAPE, np.int16), CURSOR)
    session.view.fill_opacity, session.view.outline_px = 0.6, 1.0
    paint(session, Box((8, 6, 8), (13, 34, 28)))
    session.view.active_segment = active
    view, seen = area.views["axial"], {}
    for strength in (1.0, 0.5, 0.0):
        session.start(set_strength, segment_id=1, strength=strength)
        settle(100)
        tint = colours(view).max(axis=2) - colours(view).min(axis=2)
        rows, columns = np.nonzero(tint > 60)
        middle = (rows.min() + rows.max()) // 2, (columns.min() + columns.max()) // 2
        seen[strength] = int(tint[middle]), int(tint[middle[0], columns.min() : columns.min() + 3].max())
    assert seen[0.5][0] == pytest.approx(seen[1.0][0] / 2, abs=4)
    assert seen[0.0][0] == 0
    assert seen[0.0][1] == pytest.approx(seen[1.0][1], abs=4), "the outline stays"


def test_a_change_elsewhere_draws_nothing(show: Callable[..., Any], session: Any) -> None:
    area = show(noise(), CURSOR)
    settle(100)
    draws = {name: view.canvas.draws for name, view in area.views.items()}
    box = Box((2, 3, 3), (9, 19, 17))  # short of the shown slice in every plane
    session.changed.emit(Change(frozenset({"voxels"}), box, frozenset({0})))
    settle(100)
    assert {name: view.canvas.draws for name, view in area.views.items()} == draws


def test_the_wheel_goes_one_slice_and_drops_frames(show: Callable[..., Any], session: Any) -> None:
    area = show(noise(), CURSOR)
    view = area.views["axial"]
    settle(100)
    before, draws = view.slice_index, view.canvas.draws
    wheel(view, -1)
    assert view.slice_index == before - 1, "down goes towards the feet"
    for _ in range(5):
        wheel(view, 1)
    settle(150)
    assert view.slice_index == before + 4
    assert view.canvas.draws - draws <= 2, "every notch was drawn, so fast scrolling would lag"
    np.testing.assert_allclose(session.case.volume.geometry.to_index(session.view.cursor_lps)[1:], CURSOR[1:])


def test_a_notch_is_exact_with_a_touchpad_that_sends_parts(show: Callable[..., Any], session: Any) -> None:
    view = show(noise(), CURSOR).views["coronal"]
    before = view.slice_index
    for _ in range(8):
        wheel(view, 0.25)
    assert abs(view.slice_index - before) == 2


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_click_moves_the_other_views(show: Callable[..., Any], session: Any, plane: str) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    voxels, target = np.zeros(SHAPE, np.int16), (7, 24, 11)
    voxels[target] = 1000
    area = show(voxels, target)
    view = area.views[plane]
    settle(80)
    y, x = np.argwhere(picture(view) > 128).mean(axis=0)
    session.view.tool = "window"
    away = [n if axis == view.plane.axis else n + 5 for axis, n in enumerate(target)]
    session.view.cursor_lps = tuple(session.case.volume.geometry.to_patient(away).tolist())
    from PySide6.QtCore import QPoint

    QTest.mouseClick(view.overlay, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    for other in area.views.values():
        assert other.slice_index == target[other.plane.axis]


def test_moving_with_shift_moves_the_cross_without_painting(show: Callable[..., Any], session: Any) -> None:
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    view = show(noise(), CURSOR).views["axial"]
    session.view.tool, before = "brush", session.view.cursor_lps
    place = QPointF(view.width() * 0.6, view.height() * 0.4)
    none, shift = Qt.MouseButton.NoButton, Qt.KeyboardModifier.ShiftModifier
    event = QMouseEvent(QEvent.Type.MouseMove, place, view.mapToGlobal(place), none, none, shift)
    QApplication.sendEvent(view.overlay, event)
    assert session.view.cursor_lps != before
    np.testing.assert_allclose(
        view.camera.to_screen(view.plane.from_patient(session.view.cursor_lps)[0]), (place.x(), place.y())
    )
    assert not session.case.segmentation.labels(0).any()


def test_dragging_with_the_window_tool_changes_the_window_not_the_cross(
    show: Callable[..., Any], session: Any
) -> None:
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    view = show(noise(), CURSOR).views["axial"]
    session.view.tool, cursor, (centre, width) = "window", session.view.cursor_lps, session.view.window
    QTest.mousePress(view.overlay, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    QTest.mouseMove(view.overlay, QPoint(150, 80))
    QTest.mouseRelease(view.overlay, Qt.MouseButton.LeftButton, pos=QPoint(150, 80))
    assert session.view.window[1] > width
    assert session.view.window[0] < centre
    assert session.view.cursor_lps == cursor


def test_double_click_makes_a_view_large_and_back_and_keeps_its_place(
    show: Callable[..., Any], session: Any
) -> None:
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    area = show(noise(), CURSOR)
    view = area.views["sagittal"]
    view.look(view.camera.zoomed(2.0, (50, 50)))
    centre = view.camera.centre
    QTest.mouseDClick(view.overlay, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    settle(80)
    assert session.view.large
    assert view.size() == area.size()
    assert not area.views["axial"].isVisible()
    QTest.mouseDClick(view.overlay, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    settle(80)
    assert area.views["axial"].isVisible()
    assert view.camera.centre == centre


def test_the_pointer_is_reported_with_value_and_segment(show: Callable[..., Any], session: Any) -> None:
    from PySide6.QtTest import QTest

    voxels = noise()
    area = show(voxels, CURSOR)
    paint(session, Box((0, 0, 0), SHAPE))
    seen: list[Any] = []
    area.hovered.connect(seen.append)
    view = area.views["coronal"]
    QTest.mouseMove(view.overlay, view.rect().center())
    settle(50)
    hover = seen[-1]
    assert hover.index[view.plane.axis] == view.slice_index
    assert hover.value == voxels[hover.index]
    assert (hover.units, hover.segment.name) == ("HU", "one")


def test_closing_the_case_leaves_black_views(show: Callable[..., Any], session: Any) -> None:
    area = show(noise(), CURSOR)
    session.case = None
    session.changed.emit(Change.of("case"))
    settle(100)
    assert all(colours(view).max() == 0 for view in area.views.values())


def test_a_missing_slice_is_black_on_the_screen(show: Callable[..., Any], session: Any) -> None:
    heights = np.array([0, 4, 8, 20, 24, 28.0])
    geometry = VolumeGeometry.from_slices(
        (6, 30, 30), (1, 0, 0), (0, 1, 0), heights[:, None] * np.array([0, 0, 1.0])
    )
    area = show(np.full((6, 30, 30), 900, np.int16), (2, 15, 15), geometry)
    session.view.show_cross = False
    settle(80)
    view = area.views["coronal"]
    column = picture(view)[:, view.width() // 2] > 128
    edges = np.flatnonzero(np.diff(column.astype(int)))
    assert len(edges) == 4, "one hole between two bright blocks"
    top, low, high, bottom = edges
    np.testing.assert_allclose((high - low) / (bottom - top), 8 / 32, atol=0.02)


def test_the_viewer_loads_no_network_library_and_keeps_no_settings(tmp_path: Any) -> None:
    code = (
        "import sys; import medseg_app.ui.viewer.napari_canvas as c; c.quiet_napari();"
        "import medseg_app.ui.viewer.area;"
        "bad = [m for m in ('torch', 'monai', 'pydicom', 'highdicom', 'SimpleITK') if m in sys.modules];"
        "assert not bad, bad"
    )
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", code], env=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.rglob("*settings*")), "napari wrote its settings"


def test_the_acquired_plane_leads(show: Callable[..., Any], session: Any) -> None:
    affine = np.eye(4)
    affine[:3, :3] = [
        [1.5, 0, 0],
        [0, 0, 1],
        [0, -1, 0],
    ]  # slices to the left, rows down
    geometry = VolumeGeometry.regular((8, 30, 30), affine)
    area = show(np.zeros((8, 30, 30), np.int16), (4, 15, 15), geometry)
    assert session.view.plane == "sagittal"
    widths = {name: view.width() for name, view in area.views.items()}
    assert max(widths, key=widths.__getitem__) == "sagittal"
