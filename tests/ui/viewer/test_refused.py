"""What a stroke must not touch flashes, voxel by voxel; a single slice fills the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from medseg_app.app.commands.segments import add_segment, toggle_lock
from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_edit import LabelPatch

from .conftest import SHAPE, oblique_affine, settle


def test_exactly_the_locked_voxels_under_the_stroke_flash(show: Callable[..., Any], session: Any) -> None:
    area = show(np.zeros(SHAPE, np.int16), (10, 20, 18))
    box = Box((10, 0, 0), (11, 40, 18))
    locked = session.run(add_segment, name="Locked")
    with session.step("fill") as writer:
        writer.write(LabelPatch(locked, box, np.ones(box.shape, bool)))
    session.run(toggle_lock, segment_id=locked)
    session.run(add_segment, name="Other")
    session.view.tool, session.view.brush_mm, session.view.paint_over = "brush", 12.0, "unlocked"
    view = area.views["axial"]
    middle = view.rect().center()
    QTest.mousePress(view.overlay, Qt.MouseButton.LeftButton, pos=middle)
    region = view.overlay._refused.region
    QTest.mouseRelease(view.overlay, Qt.MouseButton.LeftButton, pos=middle)
    assert not region.isEmpty()
    edge = view.pixels_of((slice(0, 40), slice(0, 18)))
    assert edge.adjusted(-1, -1, 1, 1).contains(region.boundingRect()), "only the locked half is shown"
    settle(500)
    assert view.overlay._refused.region.isEmpty()


def test_a_single_slice_is_shown_alone(show: Callable[..., Any], session: Any) -> None:
    geometry = VolumeGeometry.regular((1, 40, 36), oblique_affine())
    area = show(np.zeros((1, 40, 36), np.int16), (0, 20, 18), geometry)
    assert [name for name, view in area.views.items() if view.isVisible()] == ["axial"]
    assert area.views["axial"].rect().contains(QPoint(area.width() - 1, area.height() - 1))


def test_a_view_that_was_large_once_is_forgotten(show: Callable[..., Any], session: Any) -> None:
    area = show(np.zeros(SHAPE, np.int16), (10, 20, 18))
    QTest.mouseDClick(area.views["coronal"].overlay, Qt.MouseButton.LeftButton)
    assert [name for name, view in area.views.items() if view.isVisible()] == ["coronal"]
    session.view.large = False
    session.view.plane = "sagittal"
    session.view.large = True
    assert [name for name, view in area.views.items() if view.isVisible()] == ["sagittal"]
