"""From the array and the matrix of a NIfTI, NRRD or MetaImage file to a Volume or a LabelMap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import GeometryError, InputError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Colour, Provenance, Segment
from medseg_app.core.volume import Volume, VolumeSource

from .placement import value_counts

PALETTE: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
"""Colours that colour-blind readers tell apart, for labels that bring none."""


def to_volume(voxels: NDArray[Any], affine: NDArray[np.float64], path: Path, description: str = "") -> Volume:
    """A Volume from voxels (k, j, i) and the matrix from (k, j, i, 1) to LPS mm.

    Raises InputError for colour images, for more than three dimensions and for voxels that are no numbers.
    """
    grey = _grey(voxels, path)
    return Volume(
        voxels=_readable_type(grey, path),
        geometry=_grid(grey, affine, path),
        id=path.name,
        description=description,
        source=VolumeSource("file", path, files=(path,)),
    )


def to_labels(
    voxels: NDArray[Any],
    affine: NDArray[np.float64],
    path: Path,
    segments: tuple[Segment, ...] = (),
) -> LabelMap:
    """A LabelMap from label voxels (k, j, i) and the matrix from (k, j, i, 1) to LPS mm.

    Every value above zero that no segment describes becomes a segment called `Label <value>`.
    Raises InputError for voxels that are not whole numbers in 0..65535.
    """
    labels = _label_type(_grey(voxels, path), path)
    return LabelMap((labels,), _grid(labels, affine, path), complete(segments, (labels,), path))


def complete(
    segments: tuple[Segment, ...], layers: tuple[NDArray[Any], ...], path: Path
) -> tuple[Segment, ...]:
    """The segments that a file describes, and one for every value of which it says nothing.

    Raises InputError where a description does not fit the layers or two describe the same value.
    """
    described = {(segment.group, segment.value) for segment in segments}
    if len(described) < len(segments) or any(g >= len(layers) or v < 1 for g, v in described):
        raise InputError(
            f"The segments that {path.name} describes do not fit its voxels.", "Save it again in its program."
        )
    found = [(group, value) for group, layer in enumerate(layers) for value in values_in(layer)]
    strange = [pair for pair in found if pair not in described]
    extra = [_unnamed(n, *pair, path) for n, pair in enumerate(strange, len(segments) + 1)]
    return (*segments, *extra)


def values_in(labels: NDArray[Any]) -> list[int]:
    """The values above zero that occur, ascending."""
    return [value for value in np.flatnonzero(value_counts(labels)).tolist() if value > 0]


def _unnamed(number: int, group: int, value: int, path: Path) -> Segment:
    colour = PALETTE[(value - 1) % len(PALETTE)]
    provenance = Provenance(source="import", file=path.name)
    name = f"Label {value}"
    return Segment(number, name, value, group, colour=colour, provenance=provenance)


def _grid(voxels: NDArray[Any], affine: NDArray[np.float64], path: Path) -> VolumeGeometry:
    k, j, i = voxels.shape
    try:
        return VolumeGeometry.regular((k, j, i), affine)
    except GeometryError as error:
        raise InputError(
            f"{path.name} does not say where it lies in the patient: {error.message}",
            "Write it again with a tool that keeps the position.",
        ) from error


def _grey(voxels: NDArray[Any], path: Path) -> NDArray[Any]:
    if voxels.dtype.kind not in "iufb":
        raise InputError(
            f"{path.name} holds colour or complex values, not grey values.",
            "Convert it to one grey value per voxel first.",
        )
    while voxels.ndim > 3 and voxels.shape[0] == 1:
        voxels = voxels[0]
    if voxels.ndim > 3:
        raise InputError(
            f"{path.name} has {voxels.ndim} dimensions ({voxels.shape[0]} volumes in one file).",
            "Save the volume you want as a file of its own.",
        )
    if voxels.ndim < 3 or 0 in voxels.shape:
        raise InputError(f"{path.name} is not a volume: its shape is {voxels.shape}.", "Give a 3D image.")
    return voxels


def _readable_type(voxels: NDArray[Any], path: Path) -> NDArray[Any]:
    """int16 where the values fit, else float32: the two types that a Volume knows."""
    if voxels.dtype.kind == "f":
        bad = voxels.size - int(np.count_nonzero(np.isfinite(voxels)))
        if bad:
            raise InputError(
                f"{path.name} has {bad} voxels that are not numbers (NaN or infinite).",
                "Replace them with a background value and open the file again.",
            )
        return np.ascontiguousarray(voxels, dtype=np.float32)
    fits = voxels.dtype.kind == "b" or (voxels.min() >= -32768 and voxels.max() <= 32767)
    return np.ascontiguousarray(voxels, dtype=np.int16 if fits else np.float32)


def _label_type(voxels: NDArray[Any], path: Path) -> NDArray[Any]:
    low, high = voxels.min(), voxels.max()
    whole = voxels.dtype.kind != "f" or bool((voxels == np.rint(voxels)).all())
    if not whole or low < 0 or high > 65535:
        raise InputError(
            f"{path.name} is no label map: its values run from {low} to {high}"
            + ("" if whole else " and are not whole numbers")
            + ".",
            "Labels are whole numbers from 0 to 65535.",
        )
    return np.ascontiguousarray(voxels, dtype=np.uint8 if high <= 255 else np.uint16)
