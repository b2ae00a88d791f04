"""Steps of many dabs over the edges of tiles: undo, redo and abort bring back every voxel."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_edit import LabelPatch, from_bytes, to_bytes
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.segment import Segment
from medseg_app.core.segmentation import Segmentation
from medseg_app.core.touched_tiles import TouchedTiles

SHAPE = (12, 100, 300)
dabs = st.lists(
    st.tuples(st.integers(-2, 11), st.integers(-8, 99), st.integers(-8, 299), st.integers(1, 40)),
    min_size=1,
    max_size=8,
)


def new_writer():
    writer = LabelWriter(Segmentation(VolumeGeometry.regular(SHAPE, np.eye(4))))
    writer.begin("Add")
    writer.put_segment(Segment(1, "Lesion", 3))
    writer.commit()
    return writer


def stroke(writer, places):
    """Write dabs in one step that stays open; what labels and decisions ought to be."""
    labels, human = state(writer)
    writer.begin("Stroke")
    for k, j, i, size in places:
        box = Box.of((k, j, i), (k + size // 8 + 1, j + size, i + size))
        mask = np.random.default_rng(size).random(box.shape) < 0.7
        writer.write(LabelPatch(1, box, mask))
        inner = box.clipped(SHAPE)
        part = mask[inner.within(box).slices]
        labels[inner.slices][part], human[inner.slices][part] = 3, 1
    return labels, human


def state(writer):
    segmentation = writer.segmentation
    return segmentation.labels().copy(), segmentation.human().copy()


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@settings(max_examples=40, deadline=None)
@given(first=dabs, second=dabs)
def test_a_stroke_is_undone_and_redone_to_the_voxel(first, second):
    writer = new_writer()
    stroke(writer, first)
    writer.commit()
    before = state(writer)
    after = stroke(writer, second)
    edit = writer.commit()
    assert same(state(writer), after)
    if edit is None:
        assert same(before, after)
        return
    edit = from_bytes(to_bytes(edit))
    writer.revert(edit)
    assert same(state(writer), before)
    writer.apply(edit)
    assert same(state(writer), after)


@settings(max_examples=40, deadline=None)
@given(first=dabs, second=dabs)
def test_an_aborted_stroke_leaves_nothing(first, second):
    writer = new_writer()
    stroke(writer, first)
    writer.commit()
    before = state(writer)
    stroke(writer, second)
    writer.abort()
    assert same(state(writer), before)


def test_tiles_are_copied_once():
    labels, human = np.zeros((40, 100, 300), np.uint8), np.zeros((40, 100, 300), np.uint8)
    tiles = TouchedTiles(0, (labels, human))
    tiles.keep(Box((0, 0, 0), (40, 30, 100)))
    labels[:] = 1
    tiles.keep(Box((0, 10, 20), (39, 40, 120)))
    labels[:] = 2
    (change, _), *others = tiles.changes()
    assert not others
    assert change.box == Box((0, 0, 0), (40, 64, 128))
    tiles.restore()
    assert (labels[:, :32, :128] == 0).all()
    assert (labels[:, 32:64, :128] == 1).all()
    assert (labels[:, 64:] == 2).all()
