"""Which voxels next to the rim of a stamp belong to it, on every grid and for every stroke."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.editing.stamp import Stamper
from tests.core.grids import crooked_grids, regular_grids, uneven_grids
from tests.editing.test_stamp import distances, spread

grids = st.one_of(regular_grids(), regular_grids(shear=True), uneven_grids(), crooked_grids())
CLOSE = 1e-9
"""Only voxels this near to the rim (mm) may fall on either side."""


@st.composite
def strokes(draw, geometry: VolumeGeometry) -> tuple[np.ndarray, np.ndarray]:
    """Pieces of strokes (LPS mm): points, along the rows or nearly so, across them, long and short."""
    start = geometry.to_patient(draw(st.tuples(*[st.floats(-2, n + 1) for n in geometry.shape])))
    length = draw(st.sampled_from([0.0, 1e-12, 1e-3, 1.0, 7.5, 400.0])) * draw(st.sampled_from([-1, 1]))
    directions = np.stack([geometry.i_step, geometry.j_step, geometry.normal])
    turns = st.one_of(st.floats(-1, 1), st.sampled_from([0.0, 1.0, *10.0 ** np.arange(-16, -2)]))
    return start, start + length * (draw(st.tuples(turns, turns, turns)) @ directions)


@st.composite
def radii(draw, distance: np.ndarray) -> float:
    """Any radius (mm), or one whose rim passes a voxel closely."""
    near = draw(st.sampled_from(distance.ravel().tolist()))
    aside = draw(st.sampled_from([1.0, -1.0])) * draw(st.sampled_from([1e-6, 1e-7, 1e-8, 2e-9]))
    return draw(st.one_of(st.floats(0.1, 40), st.just(max(near, 0.1) + aside)))


def assert_ball_is_right(geometry, start, end, radius, distance) -> None:
    """Up to voxels on the very rim. distance: of every voxel from the stroke, mm."""
    painted = spread(Stamper(geometry).ball(start, end, radius), geometry)
    clear = abs(distance - radius) > CLOSE
    assert np.array_equal(painted[clear], distance[clear] < radius)


@settings(max_examples=400, deadline=None)
@given(grids, st.data())
def test_a_ball_is_right_to_a_billionth_of_a_millimetre(geometry, data):
    start, end = data.draw(strokes(geometry))
    distance = distances(geometry, start, end)
    assert_ball_is_right(geometry, start, end, data.draw(radii(distance)), distance)


@settings(max_examples=200, deadline=None)
@given(grids, st.data())
def test_a_disc_is_right_to_a_billionth_of_a_millimetre(geometry, data):
    axis = data.draw(st.integers(0, 2))
    index = data.draw(st.integers(0, geometry.shape[axis] - 1))
    start, end = data.draw(strokes(geometry))
    distance = distances(geometry, start, end)
    radius = data.draw(radii(distance))
    painted = spread(Stamper(geometry).disc(start, end, radius, axis, index), geometry)
    in_plane = np.indices(geometry.shape)[axis] == index
    clear = abs(distance - radius) > CLOSE
    assert np.array_equal(painted[clear], (in_plane & (distance < radius))[clear])
    assert not painted[~in_plane].any()


@pytest.mark.parametrize("slant", [*10.0 ** -np.arange(4, 17)])
@pytest.mark.parametrize("length", [-20.0, 20.0, 400.0])
def test_rows_that_hardly_lead_away_from_a_stroke(slant, length):
    """Where a row is beside a stroke, the root of its end is of a difference that rounding eats up."""
    geometry = VolumeGeometry.regular((3, 7, 50), np.diag([0.7, 0.9, 1.7, 1.0])[:, [2, 1, 0, 3]])
    start = geometry.to_patient((1.0, 3.0, 21.3))
    end = start + length * np.array([1.0, slant, -slant / 3])
    distance = distances(geometry, start, end)
    for near in np.unique(distance.round(4))[1::7]:
        for radius in near + np.array([-1e-6, -1e-7, -1e-8, 1e-8, 1e-7, 1e-6]):
            assert_ball_is_right(geometry, start, end, radius, distance)


@settings(max_examples=200, deadline=None)
@given(grids, st.data())
def test_a_voxel_on_the_rim_belongs(geometry, data):
    index = st.tuples(*[st.integers(0, n - 1) for n in geometry.shape])
    middle, rim, further = (data.draw(index) for _ in range(3))
    start, end = geometry.to_patient(middle), geometry.to_patient(further)
    radius = float(distances(geometry, start, end)[rim])
    assert spread(Stamper(geometry).ball(start, end, radius), geometry)[rim]
    radius = float(distances(geometry, start, start)[rim])
    assert spread(Stamper(geometry).ball(start, start, radius), geometry)[rim]


@settings(max_examples=50, deadline=None)
@given(regular_grids(), st.floats(-4, 12), st.integers(-9, 18))
def test_rows_on_the_rim_of_a_stroke_beside_them_belong(geometry, column, aside):
    """Rows and stroke are parallel: every equation of the two is degenerate, or nearly so by rounding."""
    start = geometry.to_patient((0.0, aside, column))
    end = geometry.to_patient((0.0, aside, column + 3.0))
    painted = spread(
        Stamper(geometry).ball(start, end, abs(aside) * float(np.linalg.norm(geometry.j_step))), geometry
    )
    columns = np.arange(geometry.shape[2])
    beside = (columns >= column + 1e-9) & (columns <= column + 3.0 - 1e-9)
    assert painted[0, 0, beside].all()


def test_the_rim_of_a_disc_of_whole_millimetres():
    geometry = VolumeGeometry.regular((1, 13, 13), np.eye(4))
    middle = geometry.to_patient((0, 6, 6))
    painted = spread(Stamper(geometry).disc(middle, middle, 5.0, 0, 0), geometry)[0]
    j, i = np.indices((13, 13)) - 6
    assert np.array_equal(painted, j * j + i * i <= 25)  # 3 * 3 + 4 * 4 among them


@pytest.mark.parametrize("index", [-3, -1, 4, 9])
def test_a_disc_in_a_plane_outside_the_image_is_empty(index):
    geometry = VolumeGeometry.regular((4, 4, 4), np.eye(4))
    middle = geometry.to_patient((1, 1, 1))
    for axis in range(3):
        stamp = Stamper(geometry).disc(middle, middle, 50.0, axis, index)
        assert stamp.box.is_empty
        assert stamp.mask.shape == stamp.box.shape


def test_a_stamp_between_the_rows_is_empty():
    geometry = VolumeGeometry.regular((3, 3, 3), np.diag([5.0, 5.0, 5.0, 1.0]))
    between = geometry.to_patient((1.0, 1.5, 1.0))
    assert Stamper(geometry).ball(between, between, 2.0).box.is_empty
