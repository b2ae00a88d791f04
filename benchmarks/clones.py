"""Folders of many DICOM files for benchmarks, cloned from one real CT series."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from struct import pack

import numpy as np

from tests.data_folder import DATA

from .row import NotMeasuredError

SLICES = 400
SOURCE = "dicom/ct_lung_4d_rtstruct"


def source_files() -> list[Path]:
    """The images of the real series; raises NotMeasuredError where the data is not on this machine."""
    files = sorted((DATA / SOURCE).rglob("1-[0-9][0-9].dcm"))
    if not files:
        raise NotMeasuredError(f"real data: {SOURCE}")
    return files


def clone_series(folder: Path, series: int, with_pixels: bool) -> None:
    """Write SLICES files of one series; without pixels the file has its full length but is hollow."""
    import pydicom

    folder.mkdir(parents=True, exist_ok=True)
    datasets = [pydicom.dcmread(path) for path in source_files()]
    pixels = [dataset.PixelData for dataset in datasets]
    for dataset in datasets:
        del dataset["PixelData"]
    for number in range(SLICES):
        dataset, stored = datasets[number % len(datasets)], pixels[number % len(datasets)]
        dataset.SeriesInstanceUID = f"1.2.826.0.1.3680043.8.498.{series}"
        dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{series}.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.ImagePositionPatient = [-250, -250, -600 + 1.25 * number]
        dataset.SliceLocation = dataset.ImagePositionPatient[2]
        dataset.InstanceNumber = number + 1
        head = BytesIO()
        dataset.save_as(head)
        with (folder / f"{series}-{number:04d}.dcm").open("wb") as file:
            file.write(head.getvalue() + pack("<HHI", 0x7FE0, 0x0010, len(stored)))
            if with_pixels:
                file.write(stored)
            file.truncate(len(head.getvalue()) + 8 + len(stored))


def read_into_one_array(files: list[Path], shape: tuple[int, int, int]) -> np.ndarray:
    """The floor: the bytes of the pixels read into one array, nothing else."""
    import os

    size = int(np.prod(shape[1:])) * 2
    voxels = np.empty(shape, np.int16)
    for k, path in enumerate(files):
        descriptor = os.open(path, os.O_RDONLY)
        os.preadv(descriptor, [voxels[k].data], os.fstat(descriptor).st_size - size)
        os.close(descriptor)
    return voxels
