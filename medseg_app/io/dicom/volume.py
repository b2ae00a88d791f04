"""Read the voxels of a volume that a scan found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import InputError, OutOfMemory
from medseg_app.core.progress import Progress, silent
from medseg_app.core.volume import Volume, VolumeSource

from .assemble import assemble
from .decoding import decoded
from .heads import read_head
from .multiframe import frames_of
from .pixels import OutOfRange, Unreadable, may_fit_int16, put_real_values, read_frame
from .split import Stack
from .volume_info import Frame, LeftOut, VolumeInfo

Plane = NDArray[Any]
OnSlice = Callable[[int, Plane], None]


class UnreadableSlices(InputError):
    """Slices of the chosen volume cannot be read; `slices` holds (k, reason) of each."""

    def __init__(self, message: str, hint: str = "", slices: Sequence[tuple[int, str]] = ()) -> None:
        super().__init__(message, hint)
        self.slices = tuple(slices)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.hint, self.slices)


@dataclass(frozen=True)
class LoadReport:
    """A volume of the slices that could be read, its info, and the slices left out of it."""

    volume: Volume
    info: VolumeInfo
    left_out: tuple[LeftOut, ...]


def load_volume(info: VolumeInfo, progress: Progress = silent, on_slice: OnSlice | None = None) -> Volume:
    """Read all voxels, shape (k, j, i): int16 where whole numbers fit, else float32.

    The middle slice comes first; `on_slice(k, plane)` is called when a slice is in place. Raises
    UnreadableSlices where a slice cannot be read: no slice is ever dropped silently.
    """
    rescales = {(frame.slope, frame.intercept) for frame in info.frames}
    whole = len(rescales) == 1 and all(may_fit_int16(frame) for frame in info.frames)
    try:
        voxels = _filled(info, np.dtype(np.int16 if whole else np.float32), progress, on_slice)
    except OutOfRange:
        voxels = _filled(info, np.dtype(np.float32), progress, on_slice)
    return _volume(info, voxels)


def load_readable(info: VolumeInfo, progress: Progress = silent) -> LoadReport:
    """Read the voxels of every slice that can be read; the others are named in the report.

    The grid and the passport are those of the slices that remain. Raises UnreadableSlices where none can.
    """
    try:
        return LoadReport(load_volume(info, progress), info, info.left_out)
    except UnreadableSlices as problem:
        if len(problem.slices) == len(info.frames):
            raise
        rest = _without(info, problem.slices)
        return LoadReport(load_volume(rest, progress), rest, rest.left_out)


def load_slice(info: VolumeInfo, k: int) -> Plane:
    """Read the real values of one slice, shape (rows, columns), int16 or float32.

    Raises UnreadableSlices.
    """
    frame = info.frames[k]
    dtype = np.int16 if may_fit_int16(frame) and info.passport.rescale is not None else np.float32
    try:
        return _plane(frame, np.dtype(dtype))
    except OutOfRange:
        return _plane(frame, np.dtype(np.float32))
    except Unreadable as problem:
        raise _unreadable(info, [(k, str(problem))]) from problem


def _plane(frame: Frame, dtype: np.dtype[Any]) -> Plane:
    plane: Plane = np.empty((frame.format.rows, frame.format.columns), dtype)
    if frame.offset and not frame.format.has_lookup_table:
        read_frame(frame, plane)
        return plane
    for _, stored in decoded([frame], [0]):
        if isinstance(stored, Unreadable):
            raise stored
        put_real_values(stored, frame, plane)
    return plane


def _filled(info: VolumeInfo, dtype: np.dtype[Any], progress: Progress, on_slice: OnSlice | None) -> Plane:
    voxels = _room(info, dtype)
    bad: list[tuple[int, str]] = []
    for count, (k, problem) in enumerate(_fill(info.frames, voxels), start=1):
        if problem:
            bad.append((k, problem))
        elif on_slice is not None:
            on_slice(k, voxels[k])
        progress(count / len(info.frames), f"{count} of {len(info.frames)} slices")
    if bad:
        raise _unreadable(info, sorted(bad))
    return voxels


def _room(info: VolumeInfo, dtype: np.dtype[Any]) -> Plane:
    try:
        return np.empty(info.shape, dtype)
    except MemoryError as problem:
        size = np.prod(info.shape) * dtype.itemsize / 2**30
        raise OutOfMemory(
            f"The volume {info.id} needs {size:.1f} GB of memory, which is not there.",
            "Close other programs.",
        ) from problem


def _fill(frames: Sequence[Frame], voxels: Plane) -> Any:
    """Put every slice into its plane; yields (k, reason why it failed or empty), the middle slice first."""
    middle = len(frames) // 2
    order = [middle, *(k for k in range(len(frames)) if k != middle)]
    direct = [k for k in order if frames[k].offset and not frames[k].format.has_lookup_table]
    for k in direct:
        try:
            read_frame(frames[k], voxels[k])
            yield k, ""
        except Unreadable as problem:
            yield k, str(problem)
    known = set(direct)
    for k, stored in decoded(frames, [k for k in order if k not in known]):
        if isinstance(stored, Unreadable):
            yield k, str(stored)
            continue
        put_real_values(stored, frames[k], voxels[k])
        yield k, ""


def _volume(info: VolumeInfo, voxels: Plane) -> Volume:
    source = VolumeSource(
        kind="dicom",
        path=info.root,
        files=info.files,
        series_uid=info.series_uid,
        sop_instance_uids=tuple(frame.sop_instance_uid for frame in info.frames),
        frame_numbers=tuple(frame.number for frame in info.frames),
    )
    return Volume(
        voxels=voxels,
        geometry=info.geometry,
        id=info.id,
        modality=info.modality,
        description=info.description,
        source=source,
        padding=info.padding,
        inverted=info.inverted,
        window=info.window,
        units=info.units,
        patient=info.patient,
    )


def _unreadable(info: VolumeInfo, bad: Sequence[tuple[int, str]]) -> UnreadableSlices:
    k, reason = bad[0]
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    name = info.frames[k].path.name
    return UnreadableSlices(
        f"Slice {k + 1} of {len(info.frames)}, {name}{more}: {reason}.", "Copy the series again.", bad
    )


def _without(info: VolumeInfo, bad: Sequence[tuple[int, str]]) -> VolumeInfo:
    """The same volume without some slices, with the grid and the passport of the rest."""
    reasons = dict(bad)
    kept = {(f.file, f.number) for k, f in enumerate(info.frames) if k not in reasons}
    heads = [head for file in info.files for head in frames_of(read_head(str(file)))]
    rest = tuple(head for head in heads if (head.path, head.frame) in kept)
    lost = [LeftOut(info.frames[k].path, reason, info.series_uid) for k, reason in bad]
    stack = Stack(
        rest,
        info.part,
        by_order=info.passport.has("repeated_positions"),
        own_references=info.passport.has("frame_of_reference_varies"),
        mixed=info.passport.has("mixed_series"),
    )
    return replace(assemble(stack, info.id, info.root, [*info.left_out, *lost]), description=info.description)
