"""3D: drawn only when asked for, from the front, not mirrored, and again after an edit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from medseg_app.app.commands.segments import add_segment
from medseg_app.core.box import Box
from medseg_app.core.label_edit import LabelPatch

from .conftest import SHAPE, settle


def label_box(session: Any, box: Box, colour: tuple[int, int, int]) -> int:
    segment = session.run(add_segment, name=f"box {colour}")
    number = segment if isinstance(segment, int) else segment.id
    with session.step("label") as writer:
        row = session.case.segmentation.segment(number)
        writer.put_segment(type(row)(**{**row.__dict__, "colour": colour}))
        writer.write(LabelPatch(number, box, np.ones(box.shape, bool)))
    return number


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        settle(50)


def columns_of(canvas: Any, channel: int) -> float:
    """Mean column of the pixels in which a channel dominates."""
    image = canvas.picture
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3]
    others = np.delete(pixels, channel, axis=2).max(axis=2)
    hits = np.argwhere(pixels[..., channel].astype(int) > others.astype(int) + 40)
    return float(hits[:, 1].mean()) if len(hits) else float("nan")


def test_the_patients_right_side_is_on_the_left_of_the_screen(show: Callable[..., Any], session: Any) -> None:
    area = show(np.zeros(SHAPE, np.int16), (10, 20, 18))
    label_box(session, Box((4, 10, 2), (16, 30, 12)), (255, 0, 0))  # low i: the patient's right
    label_box(session, Box((4, 10, 24), (16, 30, 34)), (0, 255, 0))
    assert area.volume_view._canvas is None, "3D is drawn though nobody asked for it"
    session.view.show_3d = True
    wait_for(lambda: area.volume_view._canvas is not None and area.volume_view._canvas.draws > 0)
    canvas = area.volume_view._canvas
    red, green = columns_of(canvas, 2), columns_of(canvas, 1)  # the framebuffer is BGR
    assert red < green
    session.view.hidden = frozenset({1})
    area.volume_view.labels_changed()
    wait_for(lambda: np.isnan(columns_of(canvas, 2)))


def test_switching_3d_off_leaves_the_other_views_as_they_are(show: Callable[..., Any], session: Any) -> None:
    """OpenGL numbers what it holds anew in every view: what 3D gives back must not be another view's."""
    area = show(np.random.default_rng(1).integers(0, 900, SHAPE).astype(np.int16), (10, 20, 18))
    label_box(session, Box((4, 10, 2), (16, 30, 12)), (255, 0, 0))
    settle(200)
    before = {name: view.canvas.picture.copy() for name, view in area.views.items()}
    for view in area.views.values():
        session.view.show_3d = True
        wait_for(lambda: not area.volume_view._hint.text())
        area.volume_view.repaint()
        view.redraw()
        view.repaint()
        session.view.show_3d = False
    for name, view in area.views.items():
        view.redraw()
        view.repaint()
        assert view.canvas.picture == before[name], name
