"""Take a multi-frame object apart: one head per frame, as if each were a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from . import tags
from .head_pydicom import encoded, read_dataset
from .heads import Head

PER_FRAME = (
    (tags.POSITION, "PlanePositionSequence", "ImagePositionPatient"),
    (tags.ORIENTATION, "PlaneOrientationSequence", "ImageOrientationPatient"),
    (tags.PIXEL_SPACING, "PixelMeasuresSequence", "PixelSpacing"),
    (tags.SLICE_THICKNESS, "PixelMeasuresSequence", "SliceThickness"),
    (tags.SLICE_SPACING, "PixelMeasuresSequence", "SpacingBetweenSlices"),
    (tags.SLOPE, "PixelValueTransformationSequence", "RescaleSlope"),
    (tags.INTERCEPT, "PixelValueTransformationSequence", "RescaleIntercept"),
    (tags.RESCALE_TYPE, "PixelValueTransformationSequence", "RescaleType"),
    (tags.WINDOW_CENTER, "FrameVOILUTSequence", "WindowCenter"),
    (tags.WINDOW_WIDTH, "FrameVOILUTSequence", "WindowWidth"),
    (tags.STACK, "FrameContentSequence", "StackID"),
    (tags.TEMPORAL_POSITION, "FrameContentSequence", "TemporalPositionIndex"),
    (tags.ACQUISITION_NUMBER, "FrameContentSequence", "FrameAcquisitionNumber"),
    (tags.ACQUISITION_DATE_TIME, "FrameContentSequence", "FrameAcquisitionDateTime"),
    (tags.TRIGGER_TIME, "CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),
    (tags.ECHO_TIME, "MREchoSequence", "EffectiveEchoTime"),
    (tags.B_VALUE, "MRDiffusionSequence", "DiffusionBValue"),
    (tags.CONVOLUTION_KERNEL, "CTReconstructionSequence", "ConvolutionKernel"),
    (tags.IMAGE_TYPE, "MRImageFrameTypeSequence", "FrameType"),
    (tags.IMAGE_TYPE, "CTImageFrameTypeSequence", "FrameType"),
    (tags.IMAGE_TYPE, "PETFrameTypeSequence", "FrameType"),
)
"""Attribute kept, functional group that holds it, its keyword there."""

PLACE_POINTERS = frozenset({(0x0020, 0x9056), (0x0020, 0x9057), (0x0020, 0x0032), (0x0020, 0x9113)})
"""Dimensions that say where a frame lies; the others say what tells it from frames at its place."""


def frames_of(head: Head) -> list[Head]:
    """The frames of an object in stored order; the head itself where it is a plain single image.

    Raises Unusable where the functional groups cannot be understood.
    """
    count = max(head.integer(tags.NUMBER_OF_FRAMES, 1), 1)
    if count == 1 and tags.SHARED_FUNCTIONAL_GROUPS not in head.values:
        return [head]
    dataset = head.dataset if head.dataset is not None else read_dataset(head.path)
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or []
    if len(groups) != count:
        return list(_without_groups(head, count))
    shared = _values(dataset.get("SharedFunctionalGroupsSequence", [None])[0])
    places = _other_dimensions(dataset)
    size = _frame_bytes(head)
    return [
        _frame(head, number, shared | _values(group, places), size) for number, group in enumerate(groups)
    ]


def _frame(head: Head, number: int, values: dict[int, bytes], size: int) -> Head:
    offset = head.pixel_offset + number * size if head.pixel_offset else 0
    return replace(head, values=head.values | values, frame=number + 1, pixel_offset=offset, dataset=None)


def _frame_bytes(head: Head) -> int:
    """Bytes of one uncompressed frame; 0 where the pixels are encapsulated."""
    if head.pixel_length is None:
        return 0
    return head.integer(tags.ROWS) * head.integer(tags.COLUMNS) * head.integer(tags.BITS_ALLOCATED) // 8


def _without_groups(head: Head, count: int) -> Iterator[Head]:
    """Frames of which nothing says where they lie (one frame keeps the position of its object)."""
    size = _frame_bytes(head)
    kept = dict(head.values)
    if count > 1:
        kept.pop(tags.POSITION, None)
    for number in range(count):
        yield _frame(replace(head, values=kept), number, {}, size)


def _other_dimensions(dataset: Any) -> list[int]:
    """Which of a frame's dimension indices tell apart frames that lie at one place."""
    wanted = []
    for index, dimension in enumerate(dataset.get("DimensionIndexSequence") or []):
        pointer = dimension.get("DimensionIndexPointer")
        if pointer is not None and (pointer >> 16, pointer & 0xFFFF) not in PLACE_POINTERS:
            wanted.append(index)
    return wanted


def _values(groups: Any, dimensions: list[int] | None = None) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    if groups is None:
        return found
    for number, sequence, keyword in PER_FRAME:
        items = groups.get(sequence)
        value = items[0].get(keyword) if items else None
        raw = None if value is None else encoded(number, value)
        if raw:
            found[number] = raw
    content = groups.get("FrameContentSequence")
    indices = content[0].get("DimensionIndexValues") if content and dimensions else None
    if dimensions and indices is not None:
        many = [indices] if isinstance(indices, int) else list(indices)
        found[tags.DIMENSION_INDEX] = "\\".join(str(many[n]) for n in dimensions if n < len(many)).encode()
    return found
