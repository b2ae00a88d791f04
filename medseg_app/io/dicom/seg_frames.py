"""The frames of a DICOM SEG as bytes: one functional group and one bit mask per segment and slice.

A large SEG has ten thousand frames; making a pydicom data set for each takes longer than everything
else. Each frame's group is put together from parts that pydicom encoded once per slice or once at all.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import CouldNotBeDone
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.io.placement import counts_per_slice

from .seg_header import numbers
from .seg_source import References

_ITEM = struct.pack("<HH", 0xFFFE, 0xE000)
_LONGEST = 2**32 - 2


@dataclass(frozen=True)
class Frame:
    """One frame: the index of its segment in the label map, and its slice k."""

    segment: int
    k: int


def frames_of(label_map: LabelMap, every: bool = False) -> list[Frame]:
    """Frames in the order of segments, then slices; only those with voxels unless `every`."""
    highest = max(segment.value for segment in label_map.segments)
    counts = [counts_per_slice(layer, highest) for layer in label_map.layers]
    frames = []
    for number, segment in enumerate(label_map.segments):
        filled = counts[segment.group][:, segment.value] > 0
        slices = range(len(filled)) if every else np.flatnonzero(filled).tolist()
        frames += [Frame(number, k) for k in slices]
    return frames


def write_frames(stream: BinaryIO, frames: list[Frame], label_map: LabelMap, references: References) -> None:
    """Append the per-frame functional groups and the pixel data to a stream that holds the header.

    Raises CouldNotBeDone where the masks exceed what one DICOM object can hold.
    """
    _, rows, columns = label_map.geometry.shape
    size = (len(frames) * rows * columns + 7) // 8
    size += size % 2
    if size > _LONGEST:
        raise CouldNotBeDone(
            f"{len(frames)} frames are more than one DICOM SEG can hold.", "Export fewer segments at a time."
        )
    groups = [
        _ITEM + struct.pack("<I", len(group)) + group for group in _groups(frames, label_map, references)
    ]
    stream.write(_element(0x5200, 0x9230, b"SQ", sum(len(group) for group in groups)))
    stream.writelines(groups)
    stream.write(_element(0x7FE0, 0x0010, b"OB", size))
    written = sum(stream.write(block) for block in packed_bits(masks(frames, label_map)))
    stream.write(b"\0" * (size - written))


def _element(group: int, element: int, kind: bytes, length: int) -> bytes:
    return struct.pack("<HH2sHI", group, element, kind, 0, length)


def masks(frames: Iterable[Frame], label_map: LabelMap) -> Iterator[NDArray[np.bool_]]:
    """The voxels of each frame, boolean, shape (rows, columns)."""
    for frame in frames:
        segment = label_map.segments[frame.segment]
        yield label_map.layers[segment.group][frame.k] == segment.value


def packed_bits(planes: Iterable[NDArray[np.bool_]]) -> Iterator[bytes]:
    """Eight voxels a byte, first voxel lowest; a frame need not start at a byte."""
    rest = np.zeros(0, np.bool_)
    for plane in planes:
        bits = np.concatenate([rest, plane.ravel()]) if rest.size else plane.ravel()
        whole = bits.size // 8 * 8
        yield np.packbits(bits[:whole], bitorder="little").tobytes()
        rest = bits[whole:]
    if rest.size:
        yield np.packbits(rest, bitorder="little").tobytes()


def _groups(frames: list[Frame], label_map: LabelMap, references: References) -> Iterator[bytes]:
    """The functional groups of each frame, encoded, in the order of their tags."""
    used = sorted({frame.k for frame in frames})
    rank = {k: number for number, k in enumerate(used, 1)}
    sources = {k: _encoded(_derivation(k, references)) for k in used}
    places = {k: _encoded(_position(k, label_map.geometry)) for k in used}
    content = _encoded(_frame_content())[: -struct.calcsize("<II")]
    identity = _encoded(_identification())[: -struct.calcsize("<H")]
    for frame in frames:
        number = frame.segment + 1
        yield b"".join(
            (
                sources[frame.k],
                content,
                struct.pack("<II", number, rank[frame.k]),
                places[frame.k],
                identity,
                struct.pack("<H", number),
            )
        )


def _encoded(dataset: Any) -> bytes:
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, False
    write_dataset(stream, dataset)
    return bytes(stream.getvalue())


def _derivation(k: int, references: References) -> Any:
    """Which image slice a frame was drawn on."""
    from pydicom.dataset import Dataset

    image = Dataset()
    image.ReferencedSOPClassUID = references.sop_class_uid
    image.ReferencedSOPInstanceUID = references.instance_uids[k]
    if references.frame_numbers is not None:
        image.ReferencedFrameNumber = references.frame_numbers[k]
    image.PurposeOfReferenceCodeSequence = [
        _code("121322", "DCM", "Source image for image processing operation")
    ]
    derivation = Dataset()
    derivation.SourceImageSequence = [image]
    derivation.DerivationCodeSequence = [_code("113076", "DCM", "Segmentation")]
    group = Dataset()
    group.DerivationImageSequence = [derivation]
    return group


def _code(value: str, scheme: str, meaning: str) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _position(k: int, geometry: VolumeGeometry) -> Any:
    from pydicom.dataset import Dataset

    place = Dataset()
    place.ImagePositionPatient = numbers(geometry.origins[k])
    group = Dataset()
    group.PlanePositionSequence = [place]
    return group


def _frame_content() -> Any:
    """DimensionIndexValues stands last in its encoding, so each frame's own replaces the last eight bytes."""
    from pydicom.dataset import Dataset

    content = Dataset()
    content.DimensionIndexValues = [1, 1]
    group = Dataset()
    group.FrameContentSequence = [content]
    return group


def _identification() -> Any:
    """ReferencedSegmentNumber stands last in its encoding: the last two bytes."""
    from pydicom.dataset import Dataset

    segment = Dataset()
    segment.ReferencedSegmentNumber = 1
    group = Dataset()
    group.SegmentIdentificationSequence = [segment]
    return group
