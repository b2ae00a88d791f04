"""Whatever a reader does in whatever order: no voxel is lost, undo takes a step back, a new start goes on."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from medseg_app.app import recovery
from medseg_app.app.commands import case as cases
from medseg_app.app.commands import open as opening
from medseg_app.app.commands import proposals, segments
from medseg_app.app.enter_case import enter
from medseg_app.app.folders import Folders
from medseg_app.app.session import Session
from medseg_app.app.settings import Settings
from medseg_app.app.show_proposal import show_proposal
from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.errors import WrongUse
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.label_map import LabelMap
from medseg_app.core.proposal import Candidate, ModelIdentity, Proposal
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.io.nrrd import write_labels

from .conftest import oblique_geometry

GEOMETRY = oblique_geometry((5, 9, 11))
WHOLE = Box.whole(GEOMETRY.shape)
VOLUME = Volume(np.zeros(GEOMETRY.shape, np.int16), GEOMETRY, id="1.2.3.4", modality="CT")
MODEL = ModelIdentity("m", "1.0", "ab" * 32)
boxes = st.tuples(*(st.tuples(st.integers(0, n - 1), st.integers(1, n)) for n in GEOMETRY.shape)).map(
    lambda axes: Box.of([a for a, _ in axes], [max(a + 1, b) for a, b in axes])
)
picks = st.integers(0, 99)

Labels = dict[int, tuple[Segment, bytes]]


class AnySession(RuleBasedStateMachine):
    """A session beside a plain list of what its labels were after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.images = [
            patch.object(module, "find_images", lambda *_: VOLUME) for module in (opening, recovery)
        ]
        for images in self.images:
            images.start()
        self.path: Path | None = None
        self.files = 0
        self.session = self.started()
        enter(self.session, Case.of(VOLUME))
        self.stack, self.at = [self.labels()], 0

    def teardown(self) -> None:
        self.session.close()
        for images in self.images:
            images.stop()
        shutil.rmtree(self.folder)

    def started(self) -> Session:
        """A program that starts anew on the same disk."""
        return Session(Folders(self.folder, self.folder, self.folder), Settings(reader="Dr Test"))

    def mask(self, number: int) -> np.ndarray:
        return self.session.case.segmentation.mask(number, WHOLE)

    def labels(self) -> Labels:
        rows = self.session.case.segmentation.segments
        return {row.id: (row, self.mask(row.id).tobytes()) for row in rows}

    def pick(self, number: int) -> int:
        """One of the segments."""
        ids = [row.id for row in self.session.case.segmentation.segments]
        return ids[number % len(ids)]

    def did(self) -> None:
        """A step was done: what had been undone is gone."""
        if len(self.session.case.history.names) > self.at:
            self.stack[self.at + 1 :] = [self.labels()]
            self.at += 1

    has_segments = precondition(lambda self: self.session.case.segmentation.segments)
    has_file = precondition(lambda self: self.path is not None)

    @rule()
    def add(self) -> None:
        self.session.run(segments.add_segment)
        self.did()

    @has_segments
    @rule(number=picks, box=boxes, erase=st.booleans(), over=st.sampled_from(["empty", "unlocked"]))
    def paint(self, number: int, box: Box, erase: bool, over: str) -> None:
        patch_ = LabelPatch(self.pick(number), box, np.ones(box.shape, bool), erase, over)
        locked = {key: mask for key, (row, mask) in self.labels().items() if row.locked}
        try:
            with self.session.step("Brush") as writer:
                writer.write(patch_)
        except WrongUse:
            assert self.pick(number) in locked
        assert {key: self.mask(key).tobytes() for key in locked} == locked
        self.did()

    @has_segments
    @rule(number=picks)
    def lock(self, number: int) -> None:
        self.session.run(segments.toggle_lock, segment_id=self.pick(number))
        self.did()

    @has_segments
    @rule(number=picks)
    def duplicate(self, number: int) -> None:
        source = self.pick(number)
        copy = self.session.run(segments.duplicate_segment, segment_id=source)
        assert (self.mask(copy) == self.mask(source)).all()
        self.did()

    @precondition(lambda self: len(self.session.case.segmentation.segments) > 1)
    @rule(one=picks, another=picks)
    def merge(self, one: int, another: int) -> None:
        first, second = self.pick(one), self.pick(another)
        together, others = self.mask(first) | self.mask(second), self.labels()
        try:
            self.session.run(segments.merge_segments, segment_ids=(first, second))
        except WrongUse:
            assert first == second or others[first][0].locked or others[second][0].locked
            return
        assert (self.mask(first) == together).all()
        for number in others.keys() - {first, second}:
            assert self.labels()[number] == others[number]
        self.did()

    @has_segments
    @rule(number=picks)
    def delete(self, number: int) -> None:
        chosen = self.pick(number)
        if not self.session.case.segmentation.segment(chosen).locked:
            self.session.run(segments.delete_segment, segment_id=chosen)
        self.did()

    @rule(box=boxes)
    def open_mask(self, box: Box) -> None:
        voxels, before = np.zeros(GEOMETRY.shape, np.uint8), self.labels()
        voxels[box.slices] = 1
        path = self.folder / "mask.nrrd"
        write_labels(LabelMap((voxels,), GEOMETRY, (Segment(1, "Liver", 1),)), path)
        (made,) = self.session.run(opening.open_labels, path=path)
        assert (self.mask(made) == (voxels == 1)).all()
        assert {number: self.labels()[number] for number in before} == before
        self.did()

    @rule(box=boxes)
    def accept(self, box: Box) -> None:
        found, before = Candidate("Tumour", 1, box, np.ones(box.shape, bool), "instance", 0.9), self.labels()
        show_proposal(self.session, Proposal(VOLUME.id, (found,), MODEL))
        self.session.run(proposals.accept_candidate, number=0)
        assert {number: self.labels()[number] for number in before} == before
        self.did()

    @rule()
    def undo(self) -> None:
        assert (self.session.run(cases.undo) is None) == (self.at == 0)
        self.at = max(self.at - 1, 0)

    @rule()
    def redo(self) -> None:
        last = len(self.stack) - 1
        assert (self.session.run(cases.redo) is None) == (self.at == last)
        self.at = min(self.at + 1, last)

    @rule()
    def save_as(self) -> None:
        self.files += 1
        self.path = self.folder / f"{self.files}.medseg"
        self.session.run(cases.save_case, path=self.path)
        assert not self.session.unsaved

    @has_file
    @rule()
    def save(self) -> None:
        self.session.run(cases.save_case)
        assert not self.session.unsaved

    @has_file
    @rule()
    def reopen(self) -> None:
        self.session.run(cases.close_case)
        self.session.run(opening.open_case, path=self.path)

    @rule()
    def start_again(self) -> None:
        self.session.close()
        self.session = self.started()
        left = recovery.find_recoverable(self.session.folders.journals)
        if left:
            self.session.run(recovery.recover, item=left[0])
        elif self.path is not None:
            self.session.run(opening.open_case, path=self.path)
        else:  # nothing was ever done
            enter(self.session, Case.of(VOLUME))
            assert len(self.stack) == 1

    @invariant()
    def labels_are_those_of_the_step(self) -> None:
        assert self.labels() == self.stack[self.at]
        assert len(self.session.case.history.names) == self.at

    @invariant()
    def figures_are_those_of_the_voxels(self) -> None:
        segmentation = self.session.case.segmentation
        for row in segmentation.segments:
            mask = self.mask(row.id)
            assert segmentation.voxel_count(row.id) == np.count_nonzero(mask)
            assert not mask.any() or segmentation.box(row.id).contains(Box.around(mask))


TestAnySession = AnySession.TestCase
TestAnySession.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
