"""No export is called done before another reader found every segment where it was meant to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from medseg_app.core.errors import MedsegError, VerificationError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap

from .itk_name import itk_name
from .placement import Placement, placements, value_counts

TOLERANCE_MM = 0.1
TOLERANCE_VOXELS = 0.2
"""Share of the smallest voxel side, where voxels are so fine that 0.1 mm would be too coarse."""
TOLERANCE_VOLUME = 1e-3
"""Share of the volume by which two readers may differ: they round the spacing differently."""

ReadBack = Callable[[Path, LabelMap], "list[Placement | None]"]
"""Reads a file with another reader; one placement per segment of the label map, in its order."""


def verify(label_map: LabelMap, path: Path, read_back: ReadBack, name: str) -> None:
    """Compare what a second reader finds in a file with the label map that was written.

    Number of voxels must be equal; centroid and bounding box agree within 0.1 mm (0.2 of a voxel where
    that is less), the volume within a thousandth. Raises VerificationError, naming the first segment
    that differs, and how.
    """
    try:
        found = read_back(path, label_map)
    except MedsegError as error:
        raise VerificationError(
            f"{name} was written but could not be read back: {error.message}", _HINT
        ) from error
    tolerance = tolerance_mm(label_map.geometry)
    for segment, meant, got in zip(label_map.segments, placements(label_map), found, strict=True):
        difference = _difference(meant, got, tolerance)
        if difference:
            raise VerificationError(f"{name} does not hold {segment.name} as it was: {difference}.", _HINT)


def tolerance_mm(geometry: VolumeGeometry) -> float:
    """How far (mm) a voxel may be from where it was meant to be."""
    return min(TOLERANCE_MM, TOLERANCE_VOXELS * min(geometry.spacing_kji))


_HINT = "The file was removed. Try another format, and report this."


def _difference(meant: Placement | None, got: Placement | None, tolerance: float) -> str:
    if meant is None or got is None:
        return "" if meant is got else ("it is missing" if got is None else "it should be empty")
    if meant.voxels != got.voxels:
        return f"{got.voxels} voxels instead of {meant.voxels}"
    for what in ("centroid", "low", "high"):
        apart = float(np.linalg.norm(getattr(meant, what) - getattr(got, what)))
        if not apart <= tolerance:
            return f"its {_WORDS[what]} is {apart:.3f} mm away"
    if meant.volume_ml is not None and got.volume_ml is not None:
        share = abs(got.volume_ml / meant.volume_ml - 1.0)
        if not share <= TOLERANCE_VOLUME:
            return f"its volume is {got.volume_ml:.3f} ml instead of {meant.volume_ml:.3f} ml"
    return ""


_WORDS = {"centroid": "centre", "low": "bounding box", "high": "bounding box"}


def read_back_with_sitk(path: Path, label_map: LabelMap) -> list[Placement | None]:
    """Placements of a label map's segments in a NIfTI, NRRD or MetaImage file, read by SimpleITK.

    Raises VerificationError where the file's grid is not the label map's, or holds values that no
    segment has.
    """
    import SimpleITK as sitk  # noqa: N813

    from .metaimage import affine_of

    try:
        with itk_name(path) as name:
            image = sitk.ReadImage(name)
    except RuntimeError as error:
        raise VerificationError("SimpleITK cannot read it.", str(error)) from error
    voxels = sitk.GetArrayFromImage(image)
    # Several layers come back as the components of one voxel.
    layers = (
        [voxels]
        if voxels.ndim == 3
        else [np.ascontiguousarray(voxels[..., n]) for n in range(voxels.shape[-1])]
    )
    if len(layers) != len(label_map.layers):
        raise VerificationError(f"it holds {len(layers)} layers instead of {len(label_map.layers)}.")
    shape = layers[0].shape
    read = LabelMap(tuple(layers), VolumeGeometry.regular(shape, affine_of(image)), label_map.segments)
    _check_grid(read, label_map)
    _check_values(read)
    found = placements(read)
    _check_voxels(read, label_map, found)
    return found


def _check_grid(read: LabelMap, meant: LabelMap) -> None:
    if not read.geometry.same_grid(meant.geometry, tolerance_mm(meant.geometry)):
        raise VerificationError("its grid is not the grid of the images.")


def _check_voxels(read: LabelMap, meant: LabelMap, found: list[Placement | None]) -> None:
    """Voxels that changed places though size, centre and box of their segments are as they were."""
    if all(np.array_equal(a, b) for a, b in zip(read.layers, meant.layers, strict=True)):
        return
    tolerance = tolerance_mm(meant.geometry)
    pairs = zip(placements(meant), found, strict=True)
    if not any(_difference(before, after, tolerance) for before, after in pairs):
        raise VerificationError("some of its voxels lie elsewhere.")


def _check_values(read: LabelMap) -> None:
    for group, layer in enumerate(read.layers):
        known = {0} | {segment.value for segment in read.segments if segment.group == group}
        strange = set(np.flatnonzero(value_counts(layer)).tolist()) - known
        if strange:
            raise VerificationError(f"it holds the value {min(strange)}, which no segment has.")
