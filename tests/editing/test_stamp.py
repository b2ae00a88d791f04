"""Brush stamps against the definition: every voxel whose centre lies within the radius, and no other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.editing.stamp import Stamp, Stamper
from tests.core.grids import regular_grids, uneven_grids

grids = st.one_of(regular_grids(), regular_grids(shear=True), uneven_grids())
CLOSE = 1e-6
"""Voxels this near to the rim (mm) may fall on either side: the sums are made in another order."""


def distances(geometry: VolumeGeometry, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance (mm) of every voxel centre from the line start..end, shape (k, j, i), voxel by voxel."""
    found = np.empty(geometry.shape)
    for index in np.ndindex(*geometry.shape):
        k, j, i = index
        point = geometry.origins[k] + j * geometry.j_step + i * geometry.i_step
        along = end - start
        share = 0.0 if not along @ along else min(max((point - start) @ along / (along @ along), 0.0), 1.0)
        found[index] = np.linalg.norm(point - start - share * along)
    return found


def spread(stamp: Stamp, geometry: VolumeGeometry) -> np.ndarray:
    """A stamp as a mask of the whole grid."""
    whole = np.zeros(geometry.shape, bool)
    whole[stamp.box.slices] = stamp.mask
    return whole


def points(data: st.DataObject, geometry: VolumeGeometry) -> tuple[np.ndarray, np.ndarray]:
    """Two places in the grid or not far outside, LPS mm."""
    index = st.tuples(*[st.floats(-2, n + 1) for n in geometry.shape])
    return geometry.to_patient(data.draw(index)), geometry.to_patient(data.draw(index))


@given(grids, st.data(), st.floats(0.3, 20))
def test_a_ball_is_every_voxel_within_the_radius_of_the_stroke(geometry, data, radius):
    start, end = points(data, geometry)
    distance = distances(geometry, start, end)
    painted = spread(Stamper(geometry).ball(start, end, radius), geometry)
    assert painted[distance < radius - CLOSE].all()
    assert not painted[distance > radius + CLOSE].any()


@given(grids, st.data(), st.floats(0.3, 20))
def test_a_disc_is_the_part_of_the_ball_in_one_plane(geometry, data, radius):
    axis = data.draw(st.integers(0, 2))
    index = data.draw(st.integers(0, geometry.shape[axis] - 1))
    start, end = points(data, geometry)
    distance = distances(geometry, start, end)
    painted = spread(Stamper(geometry).disc(start, end, radius, axis, index), geometry)
    here = np.zeros(geometry.shape, bool)
    here[tuple(index if a == axis else slice(None) for a in range(3))] = True
    assert not painted[~here].any()
    assert painted[here & (distance < radius - CLOSE)].all()
    assert not painted[distance > radius + CLOSE].any()


def test_a_stamp_outside_the_image_is_empty():
    geometry = VolumeGeometry.regular((4, 5, 6), np.diag([1.0, 2.0, 3.0, 1.0]))
    far = geometry.to_patient((60.0, 0.0, 0.0))
    assert Stamper(geometry).ball(far, far, 3.0).box.is_empty
