"""write_series: a Volume as a real DICOM CT or MR series, one file per slice, each slice where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import WrongUse
from medseg_app.io.atomic import replacing

from .series_facts import SeriesFacts
from .series_header import SOP_CLASSES, decimal, slice_header

if TYPE_CHECKING:
    from pydicom import Dataset

    from medseg_app.core.volume import Volume


@dataclass(frozen=True, eq=False)
class _Pixels:
    """Stored values of one slice and how to read them."""

    stored: NDArray[Any]
    slope: float
    intercept: float
    bits: int
    padding: int | None


def write_series(volume: Volume, folder: Path, **facts: Any) -> list[Path]:
    """Write a volume as explicit VR little endian files; returns them in the order of k.

    facts: fields of SeriesFacts. Voxels (k, j, i) are whole real-world values. Raises WrongUse for a
    modality other than CT and MR.
    """
    if volume.modality not in SOP_CLASSES:
        raise WrongUse(f"A series of modality {volume.modality or 'unknown'} cannot be written as DICOM.")
    stated = SeriesFacts(**facts)
    return [_write_slice(volume, folder, stated, k) for k in range(volume.geometry.shape[0])]


def _write_slice(volume: Volume, folder: Path, facts: SeriesFacts, k: int) -> Path:
    header = slice_header(volume, facts, k)
    _add_pixels(header, volume, _pixels(volume, facts, k))
    path = folder / _name(facts, header)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        header.save_as(partial, enforce_file_format=True)
    return path


def _name(facts: SeriesFacts, header: Dataset) -> str:
    if not facts.scattered_names:
        return f"{facts.series_number:02d}-{int(header.InstanceNumber):04d}.dcm"
    digits = str(header.SOPInstanceUID)[-10:]
    return f"{'AB'[int(digits) % 2]}/{int(digits):08X}"


def _add_pixels(header: Dataset, volume: Volume, pixels: _Pixels) -> None:
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME1" if volume.inverted else "MONOCHROME2"
    header.Rows, header.Columns = pixels.stored.shape
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, pixels.bits, pixels.bits - 1
    header.PixelRepresentation = int(pixels.stored.dtype.kind == "i")
    if pixels.padding is not None:
        header.PixelPaddingValue = pixels.padding
    if volume.modality == "CT" or pixels.slope != 1:
        header.RescaleIntercept, header.RescaleSlope = decimal(pixels.intercept), decimal(pixels.slope)
    if volume.modality == "CT" and "LOCALIZER" not in header.ImageType:
        header.RescaleType = "HU"
    if volume.window is not None:
        header.WindowCenter, header.WindowWidth = (decimal(v) for v in volume.window)
    header.PixelData = pixels.stored.astype(pixels.stored.dtype.newbyteorder("<")).tobytes()


def _pixels(volume: Volume, facts: SeriesFacts, k: int) -> _Pixels:
    """12 bits unsigned with intercept -1024 where CT values allow it (as scanners do), else 16 bits."""
    plane = volume.voxels[k]
    slope = 1.0 if facts.slopes is None else facts.slopes[k]
    compact = volume.modality == "CT" and volume.padding is None and facts.slopes is None
    if compact and plane.min() >= -1024 and plane.max() <= 3071:
        return _Pixels((plane.astype(np.int32) + 1024).astype(np.uint16), 1.0, -1024.0, 12, None)
    stored = np.rint(plane / slope).astype(np.int16)
    padding = None if volume.padding is None else round(volume.padding / slope)
    return _Pixels(stored, slope, 0.0, 16, padding)
