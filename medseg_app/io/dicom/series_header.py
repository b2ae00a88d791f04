"""The header of one slice of a made-up series: patient, series, acquisition and place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .made_up_uid import made_up_uid
from .series_facts import STUDY_DATE, STUDY_TIME, SeriesFacts

if TYPE_CHECKING:
    from pydicom import Dataset

    from medseg_app.core.volume import Volume

SOP_CLASSES = {"CT": "1.2.840.10008.5.1.4.1.1.2", "MR": "1.2.840.10008.5.1.4.1.1.4"}


def slice_header(volume: Volume, facts: SeriesFacts, k: int) -> Dataset:
    """Everything about slice k but its pixels, with the file meta group."""
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
    header.ImageOrientationPatient = [decimal(v) for v in cosines]
    header.ImagePositionPatient = [decimal(v) for v in grid.origins[k]]
    header.PixelSpacing = [decimal(row_spacing), decimal(column_spacing)]
    gaps = np.abs(grid.gaps_mm) if grid.shape[0] > 1 else np.array([np.linalg.norm(grid.last_step)])
    header.SliceThickness = decimal(float(np.median(gaps)))
    header.SliceLocation = decimal(float(grid.origins[k] @ grid.normal))


def decimal(value: float) -> str:
    """A DICOM decimal string of at most 16 characters."""
    from pydicom.valuerep import format_number_as_ds

    return str(format_number_as_ds(float(value) + 0.0))
