"""Any sequence of edits, locks, undo and redo against a plain numpy model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from medseg_app.core.box import Box
from medseg_app.core.errors import WrongUse
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.history import History
from medseg_app.core.label_edit import LabelPatch, from_bytes, to_bytes
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.segment import Segment
from medseg_app.core.segmentation import Segmentation

SHAPE = (9, 40, 37)
boxes = st.tuples(
    *(st.integers(-3, n) for n in SHAPE), st.integers(1, 12), st.integers(1, 36), st.integers(1, 36)
).map(lambda t: Box.of(t[:3], [a + n for a, n in zip(t[:3], t[3:], strict=True)]))


def new_segmentation(shape=SHAPE):
    return Segmentation(VolumeGeometry.regular(shape, np.diag([2.0, 1.0, 0.5, 1.0])))


class Model:
    """What the labels ought to be, written as plainly as possible."""

    def __init__(self):
        self.labels = np.zeros(SHAPE, int)
        self.human = np.zeros(SHAPE, int)
        self.rows = {}

    def copy(self):
        other = Model()
        other.labels, other.human = self.labels.copy(), self.human.copy()
        other.rows = dict(self.rows)
        return other

    def write(self, patch, value):
        for index in np.argwhere(patch.mask):
            k, j, i = (int(n) for n in index + np.array(patch.box.start))
            if not (0 <= k < SHAPE[0] and 0 <= j < SHAPE[1] and 0 <= i < SHAPE[2]):
                continue
            now = self.labels[k, j, i]
            if now and self.row_of(now).locked:
                continue
            if patch.erase:
                ok = now != 0 and (patch.segment_id is None or now == value)
            else:
                ok = now in (0, value) or patch.over == "unlocked"
            if patch.source != "human":
                ok = ok and self.human[k, j, i] == 0
            if ok:
                self.labels[k, j, i] = 0 if patch.erase else value
                if patch.source == "human":
                    self.human[k, j, i] = 2 if patch.erase else 1

    def row_of(self, value):
        return next(row for row in self.rows.values() if row.value == value)


class Editing(RuleBasedStateMachine):
    @initialize()
    def start(self):
        self.segmentation = new_segmentation()
        self.writer = LabelWriter(self.segmentation)
        self.history = History(self.writer)
        self.model = Model()
        self.done, self.undone = [], []

    def finish(self, before):
        edit = self.writer.commit()
        if edit is None:
            assert np.array_equal(before.labels, self.model.labels)
            assert np.array_equal(before.human, self.model.human)
            assert before.rows == self.model.rows
            return
        self.history.push(from_bytes(to_bytes(edit)))
        self.done.append(before)
        self.undone.clear()

    @rule()
    def add(self):
        before = self.model.copy()
        key = self.segmentation.free_id()
        segment = Segment(key, f"Segment {key}", self.segmentation.free_value(0))
        self.writer.begin("Add")
        self.writer.put_segment(segment)
        self.model.rows[key] = segment
        self.finish(before)

    @rule(data=st.data(), box=boxes, seed=st.integers(0, 999), erase=st.booleans())
    def paint(self, data, box, seed, erase):
        if not self.model.rows:
            return
        before = self.model.copy()
        key = data.draw(st.sampled_from(sorted(self.model.rows)))
        mask = np.random.default_rng(seed).random(box.shape) < 0.6
        over = data.draw(st.sampled_from(["empty", "unlocked"]))
        source = data.draw(st.sampled_from(["human", "model"]))
        patch = LabelPatch(key, box, mask, erase, over, source)
        self.writer.begin("Paint")
        if self.model.rows[key].locked:
            with pytest.raises(WrongUse):
                self.writer.write(patch)
        else:
            self.writer.write(patch)
            self.model.write(patch, self.model.rows[key].value)
        self.finish(before)

    @rule(data=st.data())
    def lock(self, data):
        if not self.model.rows:
            return
        before = self.model.copy()
        key = data.draw(st.sampled_from(sorted(self.model.rows)))
        row = replace(self.model.rows[key], locked=not self.model.rows[key].locked)
        self.writer.begin("Lock")
        self.writer.put_segment(row)
        self.model.rows[key] = row
        self.finish(before)

    @rule(data=st.data())
    def delete(self, data):
        if not self.model.rows:
            return
        before = self.model.copy()
        key = data.draw(st.sampled_from(sorted(self.model.rows)))
        self.writer.begin("Delete")
        self.writer.remove_segment(key)
        hit = self.model.labels == self.model.rows.pop(key).value
        self.model.labels[hit] = 0
        self.model.human[hit] = 0
        self.finish(before)

    @rule(box=boxes, seed=st.integers(0, 999))
    def abort(self, box, seed):
        self.writer.begin("Abort")
        key = self.segmentation.free_id()
        self.writer.put_segment(Segment(key, "x", self.segmentation.free_value(0)))
        self.writer.write(LabelPatch(key, box, np.ones(box.shape, bool), over="unlocked"))
        self.writer.abort()

    @rule()
    def undo(self):
        edit = self.history.undo()
        assert (edit is None) == (not self.done)
        if edit:
            self.undone.append(self.model)
            self.model = self.done.pop()

    @rule()
    def redo(self):
        edit = self.history.redo()
        assert (edit is None) == (not self.undone)
        if edit:
            self.done.append(self.model)
            self.model = self.undone.pop()

    @invariant()
    def labels_are_those_of_the_model(self):
        if not hasattr(self, "model"):
            return
        assert np.array_equal(self.segmentation.labels(), self.model.labels)
        assert np.array_equal(self.segmentation.human(), self.model.human)
        assert {s.id: s for s in self.segmentation.segments} == self.model.rows
        for segment in self.segmentation.segments:
            hits = np.argwhere(self.model.labels == segment.value)
            assert self.segmentation.voxel_count(segment.id) == len(hits)
            if len(hits):
                centre = self.segmentation.geometry.to_patient(hits.mean(axis=0))
                assert np.allclose(self.segmentation.centroid_lps(segment.id), centre)
                assert self.segmentation.box(segment.id) == Box.of(hits.min(axis=0), hits.max(axis=0) + 1)
            else:
                assert self.segmentation.box(segment.id) is None


Editing.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestEditing = Editing.TestCase


def test_labels_are_handed_out_read_only():
    with pytest.raises(ValueError, match="read-only"):
        new_segmentation().labels()[0, 0, 0] = 1


def test_widening_a_group_is_a_step_that_undo_takes_back():
    segmentation = new_segmentation((4, 4, 4))
    writer = LabelWriter(segmentation)
    history = History(writer)
    writer.begin("Too many")
    with pytest.raises(WrongUse):
        writer.put_segment(Segment(1, "x", 256))
    assert writer.commit() is None
    history.push(writer.widen(0))
    writer.begin("Now")
    writer.put_segment(Segment(1, "x", 300))
    writer.write(LabelPatch(1, Box.whole((4, 4, 4)), np.ones((4, 4, 4), bool)))
    history.push(from_bytes(to_bytes(writer.commit())))
    assert segmentation.labels().max() == 300
    assert segmentation.labels().dtype == np.uint16
    history.undo()
    history.undo()
    assert segmentation.labels().dtype == np.uint8
    history.redo()
    history.redo()
    assert (segmentation.labels() == 300).all()


def test_segments_of_another_group_may_overlap():
    segmentation = new_segmentation((4, 4, 4))
    writer = LabelWriter(segmentation)
    everything = np.ones((4, 4, 4), bool)
    writer.begin("Organ")
    writer.put_segment(Segment(1, "Organ", 1))
    writer.write(LabelPatch(1, Box.whole((4, 4, 4)), everything))
    writer.commit()
    writer.begin("Lesion")
    group = writer.add_group()
    writer.put_segment(Segment(2, "Lesion", 1, group))
    writer.write(LabelPatch(2, Box.whole((4, 4, 4)), everything))
    edit = writer.commit()
    assert segmentation.voxel_count(1) == segmentation.voxel_count(2) == 64
    writer.revert(edit)
    assert segmentation.groups == 1
    assert segmentation.voxel_count(1) == 64


def test_a_step_can_bring_segments_that_all_overlap_each_other():
    segmentation = new_segmentation((4, 4, 4))
    writer = LabelWriter(segmentation)
    everything = np.ones((4, 4, 4), bool)
    writer.begin("Import")
    for number in (1, 2, 3):
        group = 0 if number == 1 else writer.add_group()
        writer.put_segment(Segment(number, f"Layer {number}", 1, group))
        writer.write(LabelPatch(number, Box.whole((4, 4, 4)), everything))
    edit = from_bytes(to_bytes(writer.commit()))
    assert [segmentation.voxel_count(number) for number in (1, 2, 3)] == [64, 64, 64]
    writer.revert(edit)
    assert (segmentation.groups, segmentation.segments) == (1, ())
    writer.apply(edit)
    assert segmentation.groups == 3
    assert all((segmentation.labels(group) == 1).all() for group in range(3))
    writer.begin("More")
    writer.add_group()
    writer.add_group()
    writer.abort()
    assert segmentation.groups == 3


def test_an_edit_of_another_state_is_refused():
    segmentation = new_segmentation((4, 4, 4))
    writer = LabelWriter(segmentation)
    writer.begin("One")
    writer.put_segment(Segment(1, "x", 1))
    edit = writer.commit()
    with pytest.raises(ValueError, match="revision"):
        writer.apply(edit)
