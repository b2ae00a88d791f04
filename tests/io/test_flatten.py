"""Layers become one only when nothing is lost, or when the user said who wins."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medseg_app.core.errors import WrongUse
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.io.flatten import flatten, overlapping_voxels

SHAPE = (2, 3, 4)
GEOMETRY = VolumeGeometry.regular(SHAPE, np.eye(4))
SEGMENTS = (
    Segment(id=1, name="A", value=1),
    Segment(id=2, name="B", value=2),
    Segment(id=3, name="C", value=1, group=1),
    Segment(id=4, name="D", value=5, group=1),
)
LAYERS = st.tuples(
    arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1, 2])),
    arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1, 5])),
)


def _map(layers: tuple[np.ndarray, ...]) -> LabelMap:
    return LabelMap(layers, GEOMETRY, SEGMENTS)


@given(LAYERS)
def test_the_winner_keeps_all_and_the_loser_the_rest(layers: tuple[np.ndarray, np.ndarray]) -> None:
    labels = _map(layers)
    both = (layers[0] > 0) & (layers[1] > 0)
    for overlap, winning in (("first", 0), ("last", 1)):
        flat = flatten(labels, overlap)  # type: ignore[arg-type]
        for before, after in zip(labels.segments, flat.label_map.segments, strict=True):
            expected = labels.mask(before)
            if before.group != winning:
                expected = expected & ~both
            np.testing.assert_array_equal(flat.label_map.mask(after), expected)
        assert sum(flat.lost.values()) == both.sum()


@given(LAYERS)
def test_overlap_is_refused_with_its_size(layers: tuple[np.ndarray, np.ndarray]) -> None:
    labels = _map(layers)
    shared = overlapping_voxels(labels)
    assert sum(shared.values()) == int(((layers[0] > 0) & (layers[1] > 0)).sum())
    if not shared:
        assert flatten(labels).lost == {}
        return
    with pytest.raises(WrongUse, match="overlap") as caught:
        flatten(labels)
    for (first, second), count in shared.items():
        assert f"{first} and {second} in {count} voxels" in caught.value.message


def test_a_value_used_twice_gets_a_free_one() -> None:
    first, second = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    first[0], second[1] = 1, 1
    flat = flatten(_map((first, second)))
    assert [s.value for s in flat.label_map.segments] == [1, 2, 6, 5]
    assert flat.renumbered == (("C", 1, 6),)


@pytest.mark.parametrize(("highest", "kind"), [(255, np.uint8), (256, np.uint16), (65535, np.uint16)])
def test_the_type_is_as_wide_as_the_values_need(highest: int, kind: type) -> None:
    layer = np.zeros(SHAPE, np.uint16)
    layer[0, 0, 0] = highest
    labels = LabelMap((layer,), GEOMETRY, (replace(SEGMENTS[0], value=highest),))
    flat = flatten(labels).label_map
    assert flat.layers[0].dtype == kind
    assert flat.layers[0].max() == highest
