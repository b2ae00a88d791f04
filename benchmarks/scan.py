"""Scan of 4,000 files: ours beside gdcm.Scanner, pydicom and SimpleITK."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from medseg_app.io.dicom import heads
from medseg_app.io.dicom.scan import SeriesFound, scan_folder

from .clones import SLICES, clone_series
from .row import Row
from .timing import measure, within

SERIES = 10
GDCM_TAGS = ((8, 0x18), (0x20, 0x0E), (0x20, 0x32), (0x20, 0x37), (0x20, 0x13), (0x28, 0x10), (0x28, 0x11))
PYDICOM_KEYWORDS = [
    *("SOPClassUID", "SOPInstanceUID", "Modality", "SeriesDescription", "ImageType", "PatientID"),
    *("SliceThickness", "StudyInstanceUID", "SeriesInstanceUID", "AcquisitionNumber", "InstanceNumber"),
    *("ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID", "Rows", "Columns"),
    *("PixelSpacing", "BitsStored", "PixelRepresentation", "RescaleSlope", "RescaleIntercept"),
]


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for series in range(SERIES):
            clone_series(folder, series, with_pixels=False)
        return [_scan(folder), _scan_again(folder), _first_series(folder)]


def _scan(folder: Path) -> Row:
    peers = {
        "gdcm.Scanner, 7 tags": lambda: _gdcm(folder),
        "pydicom, 21 tags": lambda: _pydicom(folder),
    }
    goal = {"gdcm.Scanner, 7 tags": 0.3, "pydicom, 21 tags": 0.1}
    return measure(f"scan {SERIES * SLICES:,} files", lambda: _fresh(folder), peers, goal)


def _scan_again(folder: Path) -> Row:
    _fresh(folder)
    peers = {"gdcm.Scanner, 7 tags": lambda: _gdcm(folder)}
    return measure(
        "scan the same folder again", lambda: scan_folder(folder), peers, {"gdcm.Scanner, 7 tags": 0.3}
    )


def _first_series(folder: Path) -> Row:
    moments: list[float] = []

    def told(series: SeriesFound) -> None:
        moments.append(time.perf_counter())

    heads.forget()
    start = time.perf_counter()
    scan_folder(folder, told)
    return within("first series told", moments[0] - start, 0.1)


def _fresh(folder: Path) -> object:
    heads.forget()
    result = scan_folder(folder)
    assert len(result.volumes) == SERIES
    return result


def _gdcm(folder: Path) -> object:
    import gdcm

    scanner = gdcm.Scanner()
    for group, element in GDCM_TAGS:
        scanner.AddTag(gdcm.Tag(group, element))
    scanner.Scan([entry.path for entry in os.scandir(folder)])
    return scanner


def _pydicom(folder: Path) -> object:
    import pydicom

    return [
        pydicom.dcmread(entry.path, stop_before_pixels=True, specific_tags=PYDICOM_KEYWORDS)
        for entry in os.scandir(folder)
    ]
