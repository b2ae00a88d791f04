"""Small DICOM series of every awkward geometry, made with pydicom alone, and the volumes they are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume, VolumeSource

ROWS, COLUMNS, SLICES = 21, 30, 12
BETWEEN_ROWS, BETWEEN_COLUMNS, STEP = 1.5, 0.7, 2.5
ORIGIN = np.array([-20.0, -30.0, -100.0])


@dataclass(frozen=True)
class Grid:
    """Directions of rows and columns, and the place of the first voxel of each slice (LPS mm)."""

    row: np.ndarray
    column: np.ndarray
    origins: np.ndarray
    rows: int = ROWS
    columns: int = COLUMNS

    @property
    def i_step(self) -> np.ndarray:
        return self.row * BETWEEN_COLUMNS

    @property
    def j_step(self) -> np.ndarray:
        return self.column * BETWEEN_ROWS

    def point(self, k: int, j: int, i: int) -> np.ndarray:
        return self.origins[k] + i * self.i_step + j * self.j_step


def _rotation() -> np.ndarray:
    a, b = np.radians(17.0), np.radians(-11.0)
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return about_z @ about_x


def _even(row: list[float], column: list[float], turn: np.ndarray | None = None, **size: int) -> Grid:
    turned = np.eye(3) if turn is None else turn
    r, c = turned @ np.array(row, float), turned @ np.array(column, float)
    origins = ORIGIN + np.arange(SLICES)[:, None] * STEP * np.cross(r, c)
    return Grid(r, c, origins, **size)


def _moved(grid: Grid, origins: np.ndarray) -> Grid:
    return Grid(grid.row, grid.column, origins, grid.rows, grid.columns)


def grids() -> dict[str, Grid]:
    axial = _even([1, 0, 0], [0, 1, 0])
    steps = np.array([0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12])
    uneven = np.array([0, 2.5, 5.1, 7.0, 9.5, 12.0, 15.0, 17.5, 20.0, 22.4, 25.0, 27.5])
    up = np.array([0.0, 0.0, 1.0])
    tilt = np.arange(SLICES)[:, None] * np.array([0.0, STEP * np.tan(np.radians(20.0)), 0.0])
    return {
        "axial": axial,
        "coronal": _even([1, 0, 0], [0, 0, -1]),
        "sagittal": _even([0, 1, 0], [0, 0, -1]),
        "oblique": _even([1, 0, 0], [0, 1, 0], _rotation()),
        "negated": _even([1, 0, 0], [0, -1, 0]),
        "tall": _even([1, 0, 0], [0, 1, 0], rows=40, columns=16),
        "tilted": _moved(axial, axial.origins + tilt),
        "gap": _moved(axial, ORIGIN + steps[:, None] * STEP * up),
        "uneven": _moved(axial, ORIGIN + uneven[:, None] * up),
        "one slice": _moved(axial, axial.origins[:1]),
    }


EVEN = ("axial", "coronal", "sagittal", "oblique", "negated", "tall", "one slice")
"""Grids that one affine without shear describes."""


def make_series(folder: Path, grid: Grid, *, modality: str = "CT", multi_frame: bool = False) -> Volume:
    """Write the series in a shuffled order of files; the volume's slices ascend along row x column."""
    folder.mkdir(parents=True, exist_ok=True)
    uids = _common_uids()
    if multi_frame:
        return _multi_frame(folder, grid, uids)
    slices = len(grid.origins)
    order = np.random.default_rng(7).permutation(slices)
    instances = [generate_uid() for _ in range(slices)]
    files = [folder / f"{n:03d}" for n in np.argsort(order)]
    for k in range(slices):
        image = _image(grid, uids, instances[k], modality, k)
        image.save_as(files[k], enforce_file_format=True)
    return _volume(folder, grid, uids, tuple(files), tuple(instances), (1,) * slices, modality)


def _common_uids() -> dict[str, str]:
    return {name: generate_uid() for name in ("study", "series", "frame")}


def _image(grid: Grid, uids: dict[str, str], instance: str, modality: str, k: int) -> Dataset:
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = {"CT": "1.2.840.10008.5.1.4.1.1.2", "MR": "1.2.840.10008.5.1.4.1.1.4"}[modality]
    image.SOPInstanceUID = instance
    image.StudyInstanceUID, image.SeriesInstanceUID = uids["study"], uids["series"]
    image.FrameOfReferenceUID, image.Modality = uids["frame"], modality
    image.PatientName, image.PatientID = "Made^Up", "MADE-1"
    image.PatientBirthDate, image.PatientSex = "19500102", "O"
    image.StudyDate, image.StudyTime, image.StudyID = "20200304", "101112", "7"
    image.AccessionNumber, image.ReferringPhysicianName = "ACC7", "Refer^Ring"
    image.SeriesNumber, image.InstanceNumber = 1, k + 1
    image.Rows, image.Columns = grid.rows, grid.columns
    image.PixelSpacing = [BETWEEN_ROWS, BETWEEN_COLUMNS]
    image.SliceThickness = STEP
    image.ImageOrientationPatient = [*np.round(grid.row, 12), *np.round(grid.column, 12)]
    image.ImagePositionPatient = list(np.round(grid.origins[k], 10))
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 1
    image.RescaleSlope, image.RescaleIntercept, image.RescaleType = 1, 0, "HU"
    image.PixelData = np.full((grid.rows, grid.columns), k, np.int16).tobytes()
    return image


def _multi_frame(folder: Path, grid: Grid, uids: dict[str, str]) -> Volume:
    image = _image(grid, uids, generate_uid(), "MR", 0)
    slices = len(grid.origins)
    image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.4.1"
    image.NumberOfFrames = slices
    image.PixelData = image.PixelData * slices
    # Frames stand in the file from the last slice to the first.
    numbers = tuple(range(slices, 0, -1))
    path = folder / "enhanced"
    image.save_as(path, enforce_file_format=True)
    return _volume(folder, grid, uids, (path,), (image.SOPInstanceUID,) * slices, numbers, "MR")


def _volume(
    folder: Path,
    grid: Grid,
    uids: dict[str, str],
    files: tuple[Path, ...],
    instances: tuple[str, ...],
    frames: tuple[int, ...],
    modality: str,
) -> Volume:
    shape = (len(grid.origins), grid.rows, grid.columns)
    step = np.cross(grid.row, grid.column) * STEP if shape[0] == 1 else None
    geometry = VolumeGeometry.from_slices(shape, grid.i_step, grid.j_step, grid.origins, step, uids["frame"])
    voxels = np.broadcast_to(np.arange(shape[0], dtype=np.int16)[:, None, None], shape).copy()
    source = VolumeSource("dicom", folder, files, uids["series"], instances, frames)
    return Volume(voxels, geometry, uids["series"], modality, source=source)
