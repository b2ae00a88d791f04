"""write_series: a Volume as a real DICOM CT or MR series, one file per slice, each slice where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import WrongUse
from medseg_app.io.atomic import replacing

from .made_up_uid import made_up_uid

if TYPE_CHECKING:
    from pydicom import Dataset

    from medseg_app.core.volume import Volume

SOP_CLASSES = {"CT": "1.2.840.10008.5.1.4.1.1.2", "MR": "1.2.840.10008.5.1.4.1.1.4"}
STUDY_DATE, STUDY_TIME = "20260105", "101500"


@dataclass(frozen=True)
class SeriesFacts:
    """What the headers of a made-up series say besides the volume itself.

    seed: UIDs are made from it; the same seed and names give the same UIDs on every computer.
    series: name that the SeriesInstanceUID is made from (two volumes may share it).
    first_instance: InstanceNumber of the first slice; reversed_numbers counts down instead of up.
    slopes: RescaleSlope of every slice; values are rounded to multiples of it (None: 1 throughout).
    scattered_names: file names without order or suffix, in two folders, as archives write them.
    """

    seed: int = 0
    series: str = "1"
    series_number: int = 1
    description: str = ""
    image_type: tuple[str, ...] = ("ORIGINAL", "PRIMARY", "AXIAL")
    acquisition_number: int = 1
    acquisition_time: str = STUDY_TIME
    first_instance: int = 1
    reversed_numbers: bool = False
    slopes: tuple[float, ...] | None = None
    b_value: float | None = None
    gantry_tilt: float | None = None
    contrast_agent: str = ""
    patient_name: str = "Phantom^Abdomen"
    scattered_names: bool = False


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
    header = _header(volume, facts, k)
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


def _header(volume: Volume, facts: SeriesFacts, k: int) -> Dataset:
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    header = Dataset()
    number = facts.first_instance + (volume.geometry.shape[0] - 1 - k if facts.reversed_numbers else k)
    _add_patient_and_study(header, facts)
    _add_series(header, volume, facts)
    header.SOPClassUID = SOP_CLASSES[volume.modality]
    header.SOPInstanceUID = made_up_uid(facts.seed, facts.series, "slice", facts.acquisition_number, number)
    header.InstanceNumber = number
    _add_acquisition(header, volume, facts)
    _add_plane(header, volume, facts, k)
    _add_pixels(header, volume, _pixels(volume, facts, k))
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    header.file_meta.ImplementationClassUID = made_up_uid("implementation")
    return header


def _add_patient_and_study(header: Dataset, facts: SeriesFacts) -> None:
    header.SpecificCharacterSet = "ISO_IR 100"
    header.PatientName = facts.patient_name
    header.PatientID = f"PHANTOM-{facts.seed}"
    header.PatientBirthDate, header.PatientSex = "19600101", "O"
    header.StudyInstanceUID = made_up_uid(facts.seed, "study")
    header.StudyDate, header.StudyTime = STUDY_DATE, STUDY_TIME
    header.StudyID, header.AccessionNumber = str(facts.seed), ""
    header.StudyDescription = "Phantom, not a patient"
    header.ReferringPhysicianName = ""


def _add_series(header: Dataset, volume: Volume, facts: SeriesFacts) -> None:
    header.Modality = volume.modality
    header.SeriesInstanceUID = made_up_uid(facts.seed, "series", facts.series)
    header.SeriesNumber = facts.series_number
    header.SeriesDescription = facts.description or volume.description
    header.SeriesDate, header.SeriesTime = STUDY_DATE, STUDY_TIME
    header.BodyPartExamined = "ABDOMEN"
    header.PatientPosition = "HFS"
    header.Manufacturer, header.ManufacturerModelName = "MedSeg", "Phantom"
    frame = volume.geometry.frame_of_reference_uid
    header.FrameOfReferenceUID = frame or made_up_uid(facts.seed, "frame of reference")
    header.PositionReferenceIndicator = ""


def _add_acquisition(header: Dataset, volume: Volume, facts: SeriesFacts) -> None:
    header.ImageType = list(facts.image_type)
    header.AcquisitionNumber = facts.acquisition_number
    header.AcquisitionDate = header.ContentDate = STUDY_DATE
    header.AcquisitionTime = header.ContentTime = facts.acquisition_time
    if facts.contrast_agent:
        header.ContrastBolusAgent = facts.contrast_agent
    if volume.modality == "CT":
        header.KVP, header.XRayTubeCurrent, header.ConvolutionKernel = "120", 180, "STANDARD"
        if facts.gantry_tilt is not None:
            header.GantryDetectorTilt = facts.gantry_tilt
        return
    header.ScanningSequence, header.SequenceVariant, header.ScanOptions = "SE", "NONE", ""
    header.MRAcquisitionType, header.RepetitionTime, header.EchoTime = "2D", "4000", "80"
    header.EchoTrainLength = 1
    if facts.b_value is not None:
        header.DiffusionBValue = float(facts.b_value)


def _add_plane(header: Dataset, volume: Volume, facts: SeriesFacts, k: int) -> None:
    grid = volume.geometry
    _, row_spacing, column_spacing = grid.spacing_kji
    cosines = [*(grid.i_step / column_spacing), *(grid.j_step / row_spacing)]
    header.ImageOrientationPatient = [_decimal(v) for v in cosines]
    header.ImagePositionPatient = [_decimal(v) for v in grid.origins[k]]
    header.PixelSpacing = [_decimal(row_spacing), _decimal(column_spacing)]
    gaps = np.abs(grid.gaps_mm) if grid.shape[0] > 1 else np.array([np.linalg.norm(grid.last_step)])
    header.SliceThickness = _decimal(float(np.median(gaps)))
    header.SliceLocation = _decimal(float(grid.origins[k] @ grid.normal))


def _add_pixels(header: Dataset, volume: Volume, pixels: _Pixels) -> None:
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME1" if volume.inverted else "MONOCHROME2"
    header.Rows, header.Columns = pixels.stored.shape
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, pixels.bits, pixels.bits - 1
    header.PixelRepresentation = int(pixels.stored.dtype.kind == "i")
    if pixels.padding is not None:
        header.PixelPaddingValue = pixels.padding
    if volume.modality == "CT" or pixels.slope != 1:
        header.RescaleIntercept, header.RescaleSlope = _decimal(pixels.intercept), _decimal(pixels.slope)
    if volume.modality == "CT" and "LOCALIZER" not in header.ImageType:
        header.RescaleType = "HU"
    if volume.window is not None:
        header.WindowCenter, header.WindowWidth = (_decimal(v) for v in volume.window)
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


def _decimal(value: float) -> str:
    """A DICOM decimal string of at most 16 characters."""
    from pydicom.valuerep import format_number_as_ds

    return str(format_number_as_ds(float(value) + 0.0))
