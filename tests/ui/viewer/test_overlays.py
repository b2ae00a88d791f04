"""What stands over the image: letters, scale bar, slice bar, position."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSize

from medseg_app.app.session import Session
from medseg_app.app.show_proposal import show_so_far
from medseg_app.core.box import Box
from medseg_app.core.proposal import Candidate
from medseg_app.ui.viewer.camera import PlaneCamera
from medseg_app.ui.viewer.layout import places
from medseg_app.ui.viewer.overlays.corner_text import (
    MARGIN,
    UNSETTLED,
    _breadth,
    _corners,
    areas,
    place_lines,
)
from medseg_app.ui.viewer.overlays.orientation import BOX, letters_of
from medseg_app.ui.viewer.overlays.scale_bar import length_of
from medseg_app.ui.viewer.overlays.slice_bar import SliceBar, runs_of

from .conftest import SHAPE


@pytest.mark.parametrize(
    ("direction", "letters"),
    [
        ((1, 0, 0), "L"),
        ((-1, 0.05, 0), "R"),
        ((0, -1, 0.05), "A"),
        ((0, -0.9, 0.4), "AS"),
        ((0.5, -0.8, 0.3), "ALS"),
        ((0, 0, -2), "I"),
    ],
)
def test_letters_name_the_sides_strongest_first(direction: tuple[float, float, float], letters: str) -> None:
    assert letters_of(direction) == letters


@pytest.mark.parametrize(
    ("zoom", "available", "mm"), [(1.0, 140, 100), (10.0, 140, 10), (0.1, 140, 500), (90, 140, 1)]
)
def test_the_scale_bar_is_the_longest_round_length_that_fits(zoom: float, available: float, mm: int) -> None:
    assert length_of(zoom, available) == mm


def test_runs_are_the_stretches_of_slices() -> None:
    occupied = np.array([1, 1, 0, 0, 1, 0, 1], bool)
    assert [run[:2] for run in runs_of(occupied, None)] == [(0, 2), (4, 5), (6, 7)]


@pytest.mark.parametrize("downwards", [1, -1])
def test_the_slice_bar_shows_the_slice_under_the_pointer(downwards: int) -> None:
    bar = SliceBar()
    seen = [bar.slice_at(y, 400, 30, downwards=downwards) for y in range(400)]
    assert sorted(set(seen)) == list(range(30))
    assert seen == sorted(seen, reverse=downwards < 0)


def test_zooming_keeps_the_point_under_the_pointer() -> None:
    camera = PlaneCamera((10.0, 20.0), 2.0, (800, 600))
    before = camera.to_view((100, 500))
    np.testing.assert_allclose(camera.zoomed(3.0, (100, 500)).to_view((100, 500)), before)


def test_a_fitted_view_stays_fitted_when_it_is_resized() -> None:
    extent = (-10.0, -20.0, 110.0, 60.0)
    camera = PlaneCamera(size=(800, 600)).fit(extent).resized((400, 700), extent)
    corners = camera.to_screen([extent[:2], extent[2:]])
    assert (corners >= 0).all()
    assert (corners <= camera.size).all()
    panned = camera.panned((30, 0)).resized((500, 500), extent)
    assert panned.centre == camera.panned((30, 0)).centre


def test_a_portrait_window_puts_the_small_views_below_the_large_one() -> None:
    beside, below = (
        places("one and three", None, "axial", QSize(*size)) for size in ((900, 600), (600, 900))
    )
    for name, place in below.items():
        turned = beside[name]
        assert place.getRect() == (turned.y(), turned.x(), turned.height(), turned.width())
    assert below["axial"].width() == 600
    assert below["coronal"].top() > below["axial"].bottom()


def test_a_long_name_ends_before_the_letter_and_the_window_of_its_view(
    show: Callable[..., Any], session: Session
) -> None:
    area = show(np.zeros(SHAPE, np.int16), (10, 20, 18))
    case = session.open()
    long = {"name": "Hohenlohe-Waldenburg-Schillingsfuerst^" * 4, "id": "0123456789" * 8}
    volume = replace(case.volume, patient=long, description="venous phase of the abdomen " * 6)
    frame = replace(area.views["axial"].overlay.frame(), case=replace(case, volume=volume))
    patient, window = areas(frame)[:2]
    letter = QRectF((frame.width - BOX) / 2, patient.top(), BOX, 2 * MARGIN)
    first = QRectF(MARGIN, MARGIN, _first_width(frame), MARGIN)
    assert not patient.intersects(window)
    assert not first.intersects(letter)


def _first_width(frame: Any) -> float:
    texts, _, _ = next(iter(_corners(frame)))
    assert texts[0][0].startswith("Hohenlohe"), texts
    assert texts[0][0].endswith("…")
    return _breadth(texts[:1])


def test_while_a_model_runs_every_view_says_that_outlines_are_not_final(
    show: Callable[..., Any], session: Session
) -> None:
    area = show(np.zeros(SHAPE, np.int16), (10, 20, 18))
    box = Box((9, 18, 16), (12, 22, 20))
    note = (UNSETTLED, "note")
    for found, told in ((Candidate("Lesion", 1, box, np.ones(box.shape, bool)),), True), ((), False):
        show_so_far(session, session.open(), found)
        assert [note in place_lines(v.overlay.frame()) for v in area.views.values()] == [told] * 3
