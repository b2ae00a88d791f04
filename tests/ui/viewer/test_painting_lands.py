"""Painting lands where the cursor is: real mouse events on a real window, in every plane and zoom.

Expected places come from the picture on the screen itself, or from a matrix made here from canvas size,
napari's camera and the affine; nothing of `pointer`, `camera` or `plane` is used.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from .conftest import SHAPE, SPACING, oblique_affine, settle

VOXEL = (7, 24, 11)
PLANES = ("axial", "coronal", "sagittal")
AXES = {"axial": 0, "coronal": 1, "sagittal": 2}


def picture(view: Any) -> NDArray[np.uint8]:
    """What OpenGL drew, (rows, columns), brightness."""
    image = view.canvas.picture
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return pixels[:, : image.width(), :3].max(axis=2)


def bright_spot(view: Any) -> tuple[float, float]:
    """Logical pixel (x, y) of the middle of the only bright voxel."""
    settle()
    seen = np.argwhere(picture(view) > 128)
    assert len(seen), "the bright voxel is not on the screen"
    ratio = view.canvas.native.devicePixelRatioF()
    y, x = (seen.min(axis=0) + seen.max(axis=0) + 1) / 2 / ratio
    return float(x), float(y)


def drag(view: Any, start: tuple[float, float], end: tuple[float, float]) -> list[tuple[int, int]]:
    """Press, move and release the left button; returns the whole pixels that were sent."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    points = [QPoint(round(x), round(y)) for x, y in (start, middle, end)]
    QTest.mousePress(view.overlay, Qt.MouseButton.LeftButton, pos=points[0])
    for point in points[1:]:
        QTest.mouseMove(view.overlay, point)
        settle(20)
    QTest.mouseRelease(view.overlay, Qt.MouseButton.LeftButton, pos=points[-1])
    settle(20)
    return [(point.x(), point.y()) for point in points]


def painted(session: Any) -> set[tuple[int, int, int]]:
    return {(int(k), int(j), int(i)) for k, j, i in np.argwhere(session.case.segmentation.labels(0))}


@pytest.mark.parametrize("zoom", [1.0, 2.7])
@pytest.mark.parametrize("plane", PLANES)
def test_a_click_on_the_picture_of_a_voxel_paints_that_voxel(
    show: Callable[..., Any], session: Any, plane: str, zoom: float
) -> None:
    voxels = np.zeros(SHAPE, np.int16)
    voxels[VOXEL] = 1000
    area = show(voxels, VOXEL)
    view = area.views[plane]
    view.look(view.camera.zoomed(zoom, (view.width() * 0.4, view.height() * 0.45)))
    session.view.tool, session.view.brush_mm = "brush", 0.9
    spot = bright_spot(view)
    drag(view, spot, spot)
    assert painted(session) == {VOXEL}


def own_positions(view: Any, plane: str, pixels: list[tuple[int, int]]) -> NDArray[np.float64]:
    """Patient mm of pixels, from the size of the canvas, napari's camera and the affine."""
    affine, native = oblique_affine(), view.canvas.native
    camera = view.canvas.model.scene.camera
    middle = np.array([native.width(), native.height()]) / 2
    across_down = (np.array(pixels) - middle) / camera.zoom + np.array(camera.center[-2:])[::-1]
    k, j, i = (affine[:3, n] / SPACING[n] for n in range(3))
    right, down = {"axial": (i, j), "coronal": (i, -k), "sagittal": (j, -k)}[plane]
    corner = np.zeros(4)
    corner[AXES[plane]], corner[3] = VOXEL[AXES[plane]], 1
    return (affine @ corner)[:3] + across_down[:, :1] * right + across_down[:, 1:] * down


def near_line(points: NDArray[np.float64], radius: float, plane: str) -> set[tuple[int, int, int]]:
    """Voxels of the shown slice whose centre is within a radius of the way of the pointer."""
    index = np.indices(SHAPE).reshape(3, -1).T
    index = index[index[:, AXES[plane]] == VOXEL[AXES[plane]]]
    centres = index @ oblique_affine()[:3, :3].T + oblique_affine()[:3, 3]
    best = np.full(len(index), np.inf)
    for start, end in pairwise(points):
        way = end - start
        share = np.clip((centres - start) @ way / max(way @ way, 1e-12), 0, 1)
        best = np.minimum(best, np.linalg.norm(centres - start - share[:, None] * way, axis=1))
    return {(int(k), int(j), int(i)) for k, j, i in index[best <= radius]}


@pytest.mark.parametrize("zoom", [1.0, 1.9])
@pytest.mark.parametrize("plane", PLANES)
def test_a_stroke_paints_the_voxels_around_the_way_of_the_mouse(
    show: Callable[..., Any], session: Any, plane: str, zoom: float
) -> None:
    area = show(np.zeros(SHAPE, np.int16), VOXEL)
    view = area.views[plane]
    view.look(view.camera.zoomed(zoom, (view.width() * 0.6, view.height() * 0.5)))
    settle()
    session.view.tool, session.view.brush_mm = "brush", 7.0
    sent = drag(view, (view.width() * 0.4, view.height() * 0.45), (view.width() * 0.6, view.height() * 0.6))
    expected = near_line(own_positions(view, plane, sent), 3.5, plane)
    assert len(expected) > 20
    assert painted(session) == expected


def test_holding_control_erases_with_the_brush(show: Callable[..., Any], session: Any) -> None:
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    area = show(np.zeros(SHAPE, np.int16), VOXEL)
    view = area.views["axial"]
    session.view.tool, session.view.brush_mm = "brush", 8.0
    place = QPoint(view.width() // 2, view.height() // 2)
    QTest.mouseClick(view.overlay, Qt.MouseButton.LeftButton, pos=place)
    assert painted(session)
    control = Qt.KeyboardModifier.ControlModifier
    QTest.mouseClick(view.overlay, Qt.MouseButton.LeftButton, control, place)
    assert not painted(session)


def test_painting_lands_on_a_screen_of_high_density() -> None:
    """The same clicks in a process whose screen has two device pixels for one."""
    if os.environ.get("QT_SCALE_FACTOR"):
        pytest.skip("already inside the scaled run")
    test = f"{__file__}::{test_a_click_on_the_picture_of_a_voxel_paints_that_voxel.__name__}"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test, "-k", "1.0"],
        env={**os.environ, "QT_SCALE_FACTOR": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
