"""Grids of every kind for hypothesis: oblique, flipped, sheared, anisotropic, uneven."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from medseg_app.core.geometry import VolumeGeometry

sizes = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
spacings = st.tuples(*[st.floats(0.2, 8.0)] * 3)
numbers = st.floats(-300, 300)


@st.composite
def rotations(draw) -> np.ndarray:
    """A rotation, with axes flipped at random (left-handed too)."""
    values = draw(st.lists(st.floats(-1, 1), min_size=9, max_size=9))
    matrix, upper = np.linalg.qr(np.reshape(values, (3, 3)) + 2.5 * np.eye(3))
    flips = draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3))
    # Rounded: ITK cannot invert directions with numbers next to nothing (1e-311).
    return np.round(matrix * np.sign(np.diag(upper)) * flips, 15)


@st.composite
def regular_grids(draw, shear: bool = False) -> VolumeGeometry:
    affine = np.eye(4)
    affine[:3, :3] = draw(rotations()) * draw(spacings)
    affine[:3, 3] = draw(st.tuples(numbers, numbers, numbers))
    if shear:
        affine[:3, 0] += draw(st.floats(-0.4, 0.4)) * affine[:3, 1] + 0.1 * affine[:3, 2]
    return VolumeGeometry.regular(draw(sizes), affine, "1.2.3")


@st.composite
def uneven_grids(draw) -> VolumeGeometry:
    regular = draw(regular_grids().filter(lambda g: g.shape[0] > 2))
    gaps = draw(st.lists(st.floats(0.3, 9.0), min_size=regular.shape[0] - 1, max_size=regular.shape[0] - 1))
    heights = np.concatenate([[0.0], np.cumsum(gaps)])
    tilt = 0.2 * regular.j_step
    origins = regular.origins[0] + heights[:, None] * regular.normal + np.arange(len(heights))[:, None] * tilt
    return VolumeGeometry.from_slices(regular.shape, regular.i_step, regular.j_step, origins)


@st.composite
def crooked_grids(draw) -> VolumeGeometry:
    """Rows and columns at any angle, slices at uneven gaps, each shifted in its plane."""
    regular = draw(regular_grids())
    shape = regular.shape
    j_step = regular.j_step + draw(st.floats(-0.9, 0.9)) * regular.i_step
    k = np.cumsum([draw(st.floats(0.3, 9.0)) for _ in range(shape[0])])
    shifts = np.array([draw(st.tuples(st.floats(-5, 5), st.floats(-5, 5))) for _ in range(shape[0])])
    origins = regular.origins[0] + k[:, None] * regular.normal
    origins = origins + shifts @ np.stack([regular.j_step, regular.i_step])
    return VolumeGeometry.from_slices(shape, regular.i_step, j_step, origins)
