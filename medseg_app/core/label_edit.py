"""LabelPatch: what should change. LabelEdit: what did change, packed so that it can be reversed."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .box import Box, Index
from .segment import Segment

PaintOver = Literal["empty", "unlocked"]
"""What a patch may write on: only empty voxels, or also voxels of other, unlocked segments."""
Source = Literal["human", "model", "import"]
FORMAT_VERSION = 2
SMALL = 2**17
"""Bytes of a change; larger ones are packed in the least time."""

HUMAN_FREE, HUMAN_YES, HUMAN_NO = 0, 1, 2
"""Per voxel: nobody decided, a reader said it belongs, a reader said it does not."""


@dataclass(frozen=True, eq=False)
class LabelPatch:
    """A proposal to give voxels to a segment, or to take them from it.

    mask: boolean, shape of box; box may reach over the edge of the volume.
    erase: take the voxels away from the segment (segment_id None: from every unlocked segment of
    the group) instead of giving them to it.
    """

    segment_id: int | None
    box: Box
    mask: NDArray[np.bool_]
    erase: bool = False
    over: PaintOver = "empty"
    source: Source = "human"
    group: int = 0


@dataclass(frozen=True, eq=False)
class ArrayChange:
    """The change of one array inside one box: `before XOR after`, compressed.

    array is "labels" or "human"; `packed` is empty where only the type of the array changed.
    before_crc, after_crc are checksums of the box's voxels (C order, in `dtype`).
    """

    array: Literal["labels", "human"]
    group: int
    box: Box
    dtype: str
    packed: bytes
    before_crc: int
    after_crc: int


@dataclass(frozen=True)
class LabelDelta:
    """How one label changed: voxels won, sum of their indices (k, j, i), box of the changed ones."""

    group: int
    value: int
    count: int
    index_sum: Index
    box: Box


@dataclass(frozen=True, eq=False)
class LabelEdit:
    """One step of the history: changed segments and changed voxels, reversible by itself.

    parent, revision: the state that the step starts from and the one that it leads to.
    before, after: segment rows by id (None = absent) for rows that changed.
    promote: (group, from dtype, to dtype) where the step widened a label array.
    new_groups: how many label arrays the step added, behind those that there were.
    """

    name: str
    parent: int
    revision: int
    before: dict[int, Segment | None]
    after: dict[int, Segment | None]
    changes: tuple[ArrayChange, ...]
    deltas: tuple[LabelDelta, ...] = ()
    promote: tuple[int, str, str] | None = None
    new_groups: int = 0

    def touched(self) -> Box | None:
        """The smallest box around all changed voxels; None where only segment rows changed."""
        box: Box | None = None
        for change in self.changes:
            box = change.box if box is None else box | change.box
        return box


def pack_xor(xor: NDArray[Any]) -> bytes:
    """Compress `before XOR after`. No shuffling: runs of equal bytes pack better and faster without.

    What is small is packed harder, in a millisecond or two: a third of the bytes, unpacked in half the time.
    """
    import blosc2  # loads for a third of a second: not before the first edit

    codec, level = (blosc2.Codec.LZ4HC, 7) if xor.nbytes <= SMALL else (blosc2.Codec.LZ4, 1)
    plain = {"typesize": 1, "clevel": level, "filter": blosc2.Filter.NOFILTER, "codec": codec}
    return bytes(blosc2.compress(np.ascontiguousarray(xor).data, **plain))


def unpack_xor(change: ArrayChange) -> NDArray[Any]:
    """The XOR array of a change, shape of its box."""
    import blosc2

    return np.frombuffer(blosc2.decompress(change.packed), dtype=change.dtype).reshape(change.box.shape)


def checksum(voxels: NDArray[Any]) -> int:
    """CRC-32 of voxels in C order."""
    from isal import isal_zlib  # the same figure as zlib's, ten times as fast

    return int(isal_zlib.crc32(np.ascontiguousarray(voxels).data))


def _row(segment: Segment | None) -> dict[str, Any] | None:
    return None if segment is None else segment.to_json()


def to_bytes(edit: LabelEdit) -> bytes:
    """One record of the journal: length-prefixed JSON header, then the packed arrays."""
    header = {
        "version": FORMAT_VERSION,
        "name": edit.name,
        "parent": edit.parent,
        "revision": edit.revision,
        "before": {str(key): _row(row) for key, row in edit.before.items()},
        "after": {str(key): _row(row) for key, row in edit.after.items()},
        "promote": edit.promote,
        "new_groups": edit.new_groups,
        "deltas": [[d.group, d.value, d.count, d.index_sum, d.box.start, d.box.stop] for d in edit.deltas],
        "changes": [
            [c.array, c.group, c.box.start, c.box.stop, c.dtype, len(c.packed), c.before_crc, c.after_crc]
            for c in edit.changes
        ],
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<I", len(text)) + text + b"".join(c.packed for c in edit.changes)


def from_bytes(data: bytes) -> LabelEdit:
    """The inverse of `to_bytes`. Raises ValueError for a record of a newer version."""
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    if header["version"] > FORMAT_VERSION:
        raise ValueError(f"edit record of version {header['version']}, this program reads {FORMAT_VERSION}")
    changes, offset = [], 4 + length
    for array, group, start, stop, dtype, size, before_crc, after_crc in header["changes"]:
        packed = data[offset : offset + size]
        offset += size
        changes.append(ArrayChange(array, group, Box.of(start, stop), dtype, packed, before_crc, after_crc))
    promote = header["promote"]
    return LabelEdit(
        name=header["name"],
        parent=header["parent"],
        revision=header["revision"],
        before=_rows(header["before"]),
        after=_rows(header["after"]),
        changes=tuple(changes),
        deltas=tuple(
            LabelDelta(g, v, n, (t[0], t[1], t[2]), Box.of(a, b)) for g, v, n, t, a, b in header["deltas"]
        ),
        promote=(promote[0], promote[1], promote[2]) if promote else None,
        new_groups=_new_groups(header),
    )


def _new_groups(header: dict[str, Any]) -> int:
    """Steps of version 1 name the one array that they could add, or none."""
    return int(header["new_groups"] if header["version"] > 1 else header["new_group"] is not None)


def _rows(data: dict[str, Any]) -> dict[int, Segment | None]:
    return {int(key): None if row is None else Segment.from_json(row) for key, row in data.items()}
