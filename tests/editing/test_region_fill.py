"""Fill: exactly the closed region under the pointer, in one plane only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medseg_app.core.errors import WrongUse
from medseg_app.editing.region_fill import enclosed_region


def flooded(plane: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    """The region of equal labels around a pixel, neighbour by neighbour."""
    region, waiting = np.zeros(plane.shape, bool), [seed]
    while waiting:
        j, i = waiting.pop()
        inside = 0 <= j < plane.shape[0] and 0 <= i < plane.shape[1]
        if inside and not region[j, i] and plane[j, i] == plane[seed]:
            region[j, i] = True
            waiting += [(j + 1, i), (j - 1, i), (j, i + 1), (j, i - 1)]
    return region


@settings(deadline=None)
@given(
    arrays(np.uint8, st.tuples(*[st.integers(1, 7)] * 3), elements=st.integers(0, 2)),
    st.integers(0, 2),
    st.data(),
)
def test_the_region_is_what_a_flood_reaches_in_the_plane(labels, axis, data):
    index = tuple(data.draw(st.integers(0, n - 1)) for n in labels.shape)
    plane = labels.take(index[axis], axis)
    seed = tuple(n for a, n in enumerate(index) if a != axis)
    region = flooded(plane, seed)
    rim = np.ones(plane.shape, bool)
    rim[1:-1, 1:-1] = False
    if plane[seed] == 0 and (region & rim).any():
        with pytest.raises(WrongUse, match="open to the edge"):
            enclosed_region(labels, index, axis)
        return
    stamp = enclosed_region(labels, index, axis)
    whole = np.zeros(labels.shape, bool)
    whole[stamp.box.slices] = stamp.mask
    assert np.array_equal(whole.take(index[axis], axis), region)
    assert whole.sum() == region.sum()
