"""Read a DICOM SEG of any maker: BINARY, FRACTIONAL (halved at one half) or LABELMAP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import InputError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.io.damaged import readable

from .seg_grid import FramePlaces, frame_places, own_geometry, slices_on
from .seg_layers import Layers
from .seg_pixels import iterate_frames
from .segment_description import segment_from

BINARY_SEG = "1.2.840.10008.5.1.4.1.1.66.4"
LABELMAP_SEG = "1.2.840.10008.5.1.4.1.1.66.7"
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SegFile:
    """A SEG whose frames are decoded when they are asked for.

    remarks: what a user should know about how it was read.
    """

    path: Path
    dataset: Any
    segments: tuple[Segment, ...]
    places: FramePlaces
    remarks: tuple[str, ...]

    def label_map(self) -> LabelMap:
        """The labels on the SEG's own grid; slices that it left out between others are empty."""
        with readable(self.path, "DICOM SEG"):
            geometry, slice_of_frame = own_geometry(self.places, self.dataset)
            return self._placed(geometry, slice_of_frame)

    def onto(self, volume: Volume) -> LabelMap | None:
        """The labels on the grid of a volume, each frame on the slice with its position.

        None where the frames do not lie on the volume's slices voxel on voxel (then place `label_map()`
        by coordinates). Raises InputError for images of another frame of reference.
        """
        self._check_frame_of_reference(volume)
        slice_of_frame = slices_on(self.places, volume.geometry)
        with readable(self.path, "DICOM SEG"):
            return None if slice_of_frame is None else self._placed(volume.geometry, slice_of_frame)

    def _check_frame_of_reference(self, volume: Volume) -> None:
        own = str(self.dataset.get("FrameOfReferenceUID", ""))
        other = volume.geometry.frame_of_reference_uid
        if own and other and own != other:
            raise InputError(
                f"{self.path.name} was drawn in another frame of reference than these images.",
                "Open the series that it was drawn on.",
            )

    def _placed(self, geometry: VolumeGeometry, slice_of_frame: list[int]) -> LabelMap:
        layers = Layers(geometry.shape, self.segments)
        for number, mask, frame in self._masks():
            layers.add(number, slice_of_frame[frame], mask)
        arrays, segments = layers.finish()
        return LabelMap(arrays, geometry, segments)

    def _masks(self) -> Iterator[tuple[int, Mask, int]]:
        """(SegmentNumber, mask, index of the frame) for every frame and segment in it."""
        frames = iterate_frames(self.dataset, self.path)
        kind = str(self.dataset.get("SegmentationType", ""))
        described = {segment.value for segment in self.segments}
        if kind == "LABELMAP":
            for frame, pixels in enumerate(frames):
                present = set(np.unique(pixels).tolist()) - {0, _background(self.dataset)}
                self._require_described(present - described)
                yield from ((n, pixels == n, frame) for n in sorted(present))
            return
        self._require_described(set(self.places.segment_numbers) - described)
        threshold = (
            0.5 * float(self.dataset.get("MaximumFractionalValue", 1)) if kind == "FRACTIONAL" else 0.5
        )
        for frame, pixels in enumerate(frames):
            yield self.places.segment_numbers[frame], pixels >= threshold, frame

    def _require_described(self, others: set[int]) -> None:
        """Voxels of a segment that nobody described must not vanish without a word."""
        if others:
            numbers = ", ".join(map(str, sorted(others)))
            raise InputError(
                f"{self.path.name} holds frames of a segment that it does not describe (number {numbers}).",
                "It contradicts itself; get it again from its maker.",
            )


def read_seg(path: Path) -> SegFile:
    """Open a DICOM SEG. Raises InputError for other objects, for slides, and for SEG without positions."""
    from pydicom import dcmread

    with readable(path, "DICOM SEG"):
        dataset = dcmread(path)
        if str(dataset.get("SOPClassUID", "")) not in {BINARY_SEG, LABELMAP_SEG}:
            raise InputError(
                f"{path.name} is not a DICOM segmentation but {_class_name(dataset)}.", "Choose a SEG object."
            )
        places = frame_places(dataset, path)
        return SegFile(path, dataset, _segments(dataset, path), places, _remarks(dataset, path))


def _background(dataset: Any) -> int:
    """The value that means no segment in a LABELMAP."""
    return int(dataset.get("PixelPaddingValue", 0))


def _segments(dataset: Any, path: Path) -> tuple[Segment, ...]:
    background = _background(dataset)
    found: list[Segment] = []
    for item in dataset.SegmentSequence:
        segment = segment_from(item, path)
        if str(dataset.get("SegmentationType", "")) == "LABELMAP" and segment.value in {0, background}:
            continue
        found.append(replace(segment, id=len(found) + 1))
    return tuple(found)


def _remarks(dataset: Any, path: Path) -> tuple[str, ...]:
    if str(dataset.get("SegmentationType", "")) != "FRACTIONAL":
        return ()
    return (f"{path.name} holds fractions; voxels of at least one half were taken.",)


def _class_name(dataset: Any) -> str:
    uid = dataset.get("SOPClassUID")
    return str(uid.name) if uid is not None else "an object without a class"
