"""Volume: read-only voxels on a VolumeGeometry, and where they came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .box import Box
from .errors import GeometryError
from .geometry import VolumeGeometry

Modality = Literal["CT", "MR", "PT", "US", "CR", "DX", "MG", "OT", ""]


@dataclass(frozen=True)
class VolumeSource:
    """Where a volume was read from.

    kind: "dicom" or "file" (NIfTI, NRRD, MHA).
    path: the folder or file that the user named.
    files: one DICOM file per slice in the order of k (one entry for a multi-frame object).
    sop_instance_uids: the SOPInstanceUID behind every slice, in the order of k.
    frame_numbers: 1-based frame of every slice within its object (all 1 for single-frame series).
    """

    kind: Literal["dicom", "file"]
    path: Path
    files: tuple[Path, ...] = ()
    series_uid: str = ""
    sop_instance_uids: tuple[str, ...] = ()
    frame_numbers: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Volume:
    """One image volume.

    voxels: real-world values (HU, SUV source units, ...), shape (k, j, i), int16 or float32, read-only.
    id: SeriesInstanceUID, `UID#n` where a series holds several volumes, or the file's name.
    padding: value that means "no image here", already rescaled; None where there is none.
    inverted: low values are to be shown bright (MONOCHROME1); voxels are untouched.
    window: (centre, width) that the file proposes, None where it proposes none.
    patient: what the corner of the view may show (name, id, study date); never exported.
    """

    voxels: NDArray[Any]
    geometry: VolumeGeometry
    id: str
    modality: str = ""
    description: str = ""
    source: VolumeSource | None = None
    padding: float | None = None
    inverted: bool = False
    window: tuple[float, float] | None = None
    units: str = ""
    patient: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.voxels.shape != self.geometry.shape:
            raise GeometryError(
                f"Voxels of shape {self.voxels.shape} do not fit a grid of {self.geometry.shape}."
            )
        self.voxels.setflags(write=False)

    @property
    def called(self) -> str:
        """How a message names it: a series as the scanner called it, a file by its name."""
        return (self.modality and self.description) or self.id

    def cropped(self, box: Box) -> Volume:
        """The voxels of a box, copied, at their true place; without the files they were read from."""
        voxels = self.voxels[box.slices].copy()
        return replace(self, voxels=voxels, geometry=self.geometry.cropped(box), source=None)

    @cached_property
    def sha256(self) -> str:
        """Hash of type, shape and voxels: the same images give the same text on every computer."""
        digest = hashlib.sha256(f"{self.voxels.dtype.str}{self.voxels.shape}".encode())
        for plane in self.voxels:
            digest.update(np.ascontiguousarray(plane).data)
        return digest.hexdigest()
