"""LabelWriter: the only code that writes voxels.

It applies locks, the paint-over rule and the readers' decisions, and keeps what a step changed as
`before XOR after` (touched_tiles.py), so that undo and redo are the same operation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .box import Box, Index
from .box_rows import read_rows, write_rows
from .errors import WrongUse
from .label_edit import (
    HUMAN_FREE,
    HUMAN_NO,
    ArrayChange,
    LabelDelta,
    LabelEdit,
    LabelPatch,
    checksum,
    unpack_xor,
)
from .segment import Segment
from .segmentation import Arrays, Segmentation
from .touched_tiles import TouchedTiles


@dataclass(frozen=True)
class Written:
    """What a patch did: the box inside the volume, and how many voxels were refused in it."""

    box: Box
    refused: int = 0


class LabelWriter:
    """Writes patches into one segmentation, step by step.

    `begin` opens a step, `write`, `put_segment` and `remove_segment` fill it, `commit` ends it with a
    LabelEdit (None where nothing changed), `abort` puts everything back.
    """

    def __init__(self, segmentation: Segmentation) -> None:
        self.segmentation = segmentation
        self._latest = segmentation.revision
        self._name: str | None = None
        self._touched: dict[int, TouchedTiles] = {}
        self._rows: dict[int, Segment | None] = {}
        self._new_groups = 0
        self._by_reader = False
        self._writable: dict[tuple[bool, int], NDArray[np.bool_]] = {}

    @property
    def is_open(self) -> bool:
        """Whether a step is being written."""
        return self._name is not None

    # -- a step ------------------------------------------------------------------------------------

    def begin(self, name: str) -> None:
        """Open a step; its name is what undo will show."""
        if self._name is not None:
            raise RuntimeError(f"the step {self._name!r} is still open")
        self._name = name
        self._writable.clear()

    def write(self, patch: LabelPatch) -> Written:
        """Apply a patch to the voxels that locks, paint-over rule and readers' decisions leave free."""
        group, value = self._target(patch)
        box, mask = _inside(patch, self.segmentation.shape)
        if not mask.size:
            return Written(box)
        self._keep(group, box)
        area = box.slices
        labels, human = (array[area] for array in self._arrays(group))
        now, decided = read_rows(labels), read_rows(human)
        new = 0 if patch.erase else value
        change = now ^ new
        free = self._allowed(patch, group, value, now, change)
        if patch.source != "human":
            undecided = decided == HUMAN_FREE
            free = undecided if free is None else free & undecided
        taken = mask if free is None else free & mask
        yes = taken.view(np.uint8)  # 1, as HUMAN_YES
        keep = yes - 1  # all bits where a voxel stays as it is, none where it changes
        if patch.source == "human":
            self._by_reader = True
            decided &= keep
            decided |= yes * HUMAN_NO if patch.erase else yes
            write_rows(human, decided)
        change &= keep if now.itemsize == 1 else keep.view(np.int8).astype(np.int16).view(np.uint16)
        change ^= new
        write_rows(labels, change)
        if free is None or patch.erase:
            return Written(box)
        return Written(box, int(np.count_nonzero(mask) - np.count_nonzero(taken)))

    def release(self, group: int, box: Box, mask: NDArray[np.bool_]) -> None:
        """Forget the readers' decisions in a mask (its segment was deleted)."""
        self._keep(group, box)
        np.putmask(self.segmentation._human[group][box.slices], mask, HUMAN_FREE)

    def put_segment(self, segment: Segment) -> None:
        """Add a segment or replace the row with its id."""
        if segment.value > np.iinfo(self.segmentation._labels[segment.group].dtype).max:
            raise WrongUse(f"The label {segment.value} needs a wider array: widen the group first.")
        self._remember_row(segment.id)
        self.segmentation._set_segment(segment.id, segment)
        self._writable.clear()

    def remove_segment(self, segment_id: int) -> None:
        """Delete a segment with its voxels; readers' decisions about them are forgotten."""
        segment = self.segmentation.segment(segment_id)
        box = self.segmentation.box(segment_id)
        if box is not None:
            mask = self.segmentation.mask(segment_id, box)
            self._keep(segment.group, box)
            np.putmask(self.segmentation._labels[segment.group][box.slices], mask, 0)
            self.release(segment.group, box, mask)
        self._remember_row(segment_id)
        self.segmentation._set_segment(segment_id, None)
        self._writable.clear()

    def add_group(self) -> int:
        """Add an empty label array, whose segments may overlap those of the others; its number."""
        if self._name is None:
            raise RuntimeError("no step is open")
        self.segmentation._add_group(np.dtype(np.uint8))
        self._new_groups += 1
        return self.segmentation.groups - 1

    def commit(self) -> LabelEdit | None:
        """End the step. Returns what changed, None where nothing did."""
        if self._name is None:
            raise RuntimeError("no step is open")
        changes, deltas = self._packed()
        if self._by_reader:
            self._mark_edited(deltas)
        rows = {key: row for key, row in self._rows.items() if self._row(key) != row}
        edit = None
        if changes or rows or self._new_groups:
            after = {key: self._row(key) for key in rows}
            parent = self.segmentation.revision
            self._latest += 1
            edit = LabelEdit(
                self._name, parent, self._latest, rows, after, changes, deltas, None, self._new_groups
            )
            self.segmentation.revision = self._latest
            self.segmentation.statistics.apply(deltas)
        self._close()
        return edit

    def abort(self) -> Box | None:
        """Put everything back as it was at `begin`; the box that had been touched."""
        touched: Box | None = None
        for tiles in self._touched.values():
            box = tiles.restore()
            touched = box if touched is None or box is None else touched | box
        for key, row in self._rows.items():
            self.segmentation._set_segment(key, row)
        for _ in range(self._new_groups):
            self.segmentation._drop_last_group()
        self._close()
        return touched

    # -- steps as a whole --------------------------------------------------------------------------

    def widen(self, group: int, name: str = "Allow more segments") -> LabelEdit:
        """Turn a group's labels from uint8 into uint16; a step of its own."""
        if self._name is not None:
            raise RuntimeError(f"the step {self._name!r} is still open")
        self._latest += 1
        parent = self.segmentation.revision
        edit = LabelEdit(name, parent, self._latest, {}, {}, (), (), (group, "uint8", "uint16"))
        self.apply(edit)
        return edit

    def apply(self, edit: LabelEdit) -> None:
        """Redo an edit. Raises ValueError where the segmentation is not in the state it started from."""
        self._expect(edit.parent)
        for _ in range(edit.new_groups):
            self.segmentation._add_group(np.dtype(np.uint8))
        if edit.promote:
            self.segmentation._set_dtype(edit.promote[0], np.dtype(edit.promote[2]))
        self._flip(edit, forwards=True)
        self._finish(edit.after, edit.revision, edit.deltas, 1)

    def revert(self, edit: LabelEdit) -> None:
        """Undo an edit. Raises ValueError where the segmentation is not in the state it led to."""
        self._expect(edit.revision)
        self._flip(edit, forwards=False)
        if edit.promote:
            self.segmentation._set_dtype(edit.promote[0], np.dtype(edit.promote[1]))
        for _ in range(edit.new_groups):
            self.segmentation._drop_last_group()
        self._finish(edit.before, edit.parent, edit.deltas, -1)

    # -- inside ------------------------------------------------------------------------------------

    def _target(self, patch: LabelPatch) -> tuple[int, int]:
        if self._name is None:
            raise RuntimeError("no step is open")
        if patch.segment_id is None:
            if not patch.erase:
                raise WrongUse("A patch that paints needs a segment.")
            return patch.group, 0
        segment = self.segmentation.segment(patch.segment_id)
        if segment.locked:
            raise WrongUse(f"{segment.name} is locked.", "Unlock it in the list of segments to change it.")
        return segment.group, segment.value

    def _allowed(
        self, patch: LabelPatch, group: int, value: int, labels: NDArray[Any], change: NDArray[Any]
    ) -> NDArray[np.bool_] | None:
        """The voxels of a box that locks and the paint-over rule leave to a patch; None for all of them.

        change: what turns the labels of the box into that of the patch, by XOR.
        """
        if patch.erase and value:
            return np.asarray(labels == value)
        if not patch.erase and patch.over == "empty":
            if not np.minimum(labels, change).max():  # nearly every dab meets nothing else
                return None
            return np.asarray((labels == 0) | (labels == value))
        key = (patch.erase, group)
        if key not in self._writable:
            self._writable[key] = self._writable_labels(patch.erase, group)
        return np.asarray(self._writable[key][labels])

    def _writable_labels(self, erase: bool, group: int) -> NDArray[np.bool_]:
        """For each label of the group: whether a patch over unlocked segments may write on it."""
        table = np.ones(int(np.iinfo(self.segmentation._labels[group].dtype).max) + 1, bool)
        table[0] = not erase
        for segment in self.segmentation.segments:
            if segment.group == group and segment.locked:
                table[segment.value] = False
        return table

    def _keep(self, group: int, box: Box) -> None:
        if group not in self._touched:
            self._touched[group] = TouchedTiles(group, self._arrays(group))
        self._touched[group].keep(box)

    def _packed(self) -> tuple[tuple[ArrayChange, ...], tuple[LabelDelta, ...]]:
        found = [change for group in sorted(self._touched) for change in self._touched[group].changes()]
        return tuple(c for c, _ in found), tuple(d for _, deltas in found for d in deltas)

    def _mark_edited(self, deltas: tuple[LabelDelta, ...]) -> None:
        """A segment of a model whose voxels a reader changed is the work of both from now on."""
        for delta in deltas:
            segment = self.segmentation.by_value(delta.group, delta.value)
            if segment and segment.provenance.source == "model" and not segment.provenance.edited:
                self.put_segment(replace(segment, provenance=replace(segment.provenance, edited=True)))

    def _flip(self, edit: LabelEdit, *, forwards: bool) -> None:
        """XOR all boxes of an edit; checks every box before the first one is written."""
        blocks = []
        for change in edit.changes:
            area = self._arrays(change.group)[change.array == "human"][change.box.slices]
            turned = read_rows(area)
            expected = change.before_crc if forwards else change.after_crc
            if turned.dtype.str != change.dtype or checksum(turned) != expected:
                raise ValueError(f"the labels are not those that the step {edit.name!r} was made on")
            turned ^= unpack_xor(change)
            blocks.append((area, turned))
        for area, turned in blocks:
            write_rows(area, turned)

    def _arrays(self, group: int) -> Arrays:
        return self.segmentation._labels[group], self.segmentation._human[group]

    def _finish(
        self, rows: dict[int, Segment | None], revision: int, deltas: tuple[LabelDelta, ...], sign: int
    ) -> None:
        for key, row in rows.items():
            self.segmentation._set_segment(key, row)
        self.segmentation.statistics.apply(deltas, sign)
        self.segmentation.revision = revision
        self._latest = max(self._latest, revision)

    def _expect(self, revision: int) -> None:
        if self._name is not None:
            raise RuntimeError(f"the step {self._name!r} is still open")
        if self.segmentation.revision != revision:
            raise ValueError(f"the labels are at revision {self.segmentation.revision}, not {revision}")

    def _row(self, segment_id: int) -> Segment | None:
        return self.segmentation.segment(segment_id) if self.segmentation.has(segment_id) else None

    def _remember_row(self, segment_id: int) -> None:
        if self._name is None:
            raise RuntimeError("no step is open")
        self._rows.setdefault(segment_id, self._row(segment_id))

    def _close(self) -> None:
        self._name = None
        self._touched, self._rows, self._new_groups, self._by_reader = {}, {}, 0, False
        self._writable.clear()


def _inside(patch: LabelPatch, shape: Index) -> tuple[Box, NDArray[np.bool_]]:
    """The part of a patch that lies in the volume."""
    whole = patch.box
    (k0, j0, i0), (k1, j1, i1) = whole.start, whole.stop
    if k0 >= 0 and j0 >= 0 and i0 >= 0 and k1 <= shape[0] and j1 <= shape[1] and i1 <= shape[2]:
        return whole, patch.mask
    box = whole.clipped(shape)
    return box, patch.mask[box.within(whole).slices] if not box.is_empty else patch.mask[:0]
