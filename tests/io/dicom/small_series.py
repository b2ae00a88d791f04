"""Small DICOM series made with pydicom alone, one knob per thing that can be wrong with a series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid

ROWS, COLUMNS, SLICES = 48, 64, 12
SPACING = (1.5, 0.7)
STEP = 2.5
ORIGIN = np.array([-20.0, -30.0, -100.0])
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"

AXIAL = (1.0, 0, 0, 0, 1.0, 0)
CORONAL = (1.0, 0, 0, 0, 0, -1.0)
SAGITTAL = (0, 1.0, 0, 0, 0, -1.0)
NEGATED = (1.0, 0, 0, 0, -1.0, 0)
OBLIQUE = tuple(
    float(part)
    for part in np.concatenate(
        [
            (np.cos(0.3), np.sin(0.3), 0),
            (-np.sin(0.3) * np.cos(0.2), np.cos(0.3) * np.cos(0.2), np.sin(0.2)),
        ]
    )
)


def positions(orientation: Sequence[float] = AXIAL, count: int = SLICES, step: float = STEP) -> np.ndarray:
    """Where the first voxel of each slice of an even stack lies."""
    normal = np.cross(orientation[:3], orientation[3:])
    return ORIGIN + np.arange(count)[:, None] * step * normal


def stored(count: int = SLICES) -> np.ndarray:
    """Values that differ everywhere, 0 to 4095."""
    shape = (count, ROWS, COLUMNS)
    return (np.arange(np.prod(shape)).reshape(shape) * 7 % 4096).astype(np.uint16)


def image(position: Sequence[float], pixels: np.ndarray, number: int = 1, **values: Any) -> Dataset:
    """One CT image with pixels as they are to be stored; further values by keyword."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = UID(CT), generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3.4", "1.2.3.4.5"
    dataset.FrameOfReferenceUID = "1.2.3.4.6"
    dataset.Modality, dataset.SeriesDescription = "CT", "small"
    dataset.PatientName, dataset.PatientID = "Small^Series", "S1"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.InstanceNumber = number
    dataset.ImagePositionPatient = [f"{part:.6f}" for part in position]
    dataset.ImageOrientationPatient = [f"{part:.10f}" for part in AXIAL]
    dataset.PixelSpacing = list(SPACING)
    dataset.SliceThickness = STEP
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    dataset.PixelData = pixels.tobytes()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def stack(
    orientation: Sequence[float] = AXIAL, places: np.ndarray | None = None, **values: Any
) -> list[Dataset]:
    """An even stack of images, or one at the given places."""
    where = positions(orientation) if places is None else places
    cosines = [f"{part:.10f}" for part in orientation]
    pixels = stored(len(where))
    return [
        image(place, pixels[k], k + 1, ImageOrientationPatient=cosines, **values)
        for k, place in enumerate(where)
    ]


def write(
    datasets: Sequence[Dataset], folder: Path, names: str = "{:03d}.dcm", implicit: bool = False
) -> Path:
    """Write each data set into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, dataset in enumerate(datasets, start=len(list(folder.iterdir()))):
        if implicit:
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        dataset.save_as(folder / names.format(number), enforce_file_format=True)
    return folder
