"""What a SEG says about the images that it belongs to: patient, study and references."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg_app.core.errors import InputError, WrongUse
from medseg_app.core.volume import Volume

from .deidentify import replaced_uid


@dataclass(frozen=True)
class References:
    """UIDs of the images, in the order of the volume's slices.

    frame_numbers is None for single-frame series, else the 1-based frame of each slice.
    """

    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    sop_class_uid: str
    instance_uids: tuple[str, ...]
    frame_numbers: tuple[int, ...] | None


def read_head(volume: Volume) -> Any:
    """The data set of the first image of a volume without its pixels.

    Raises WrongUse where the volume has no DICOM source, InputError where its file is gone or unreadable.
    """
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    source = volume.source
    if source is None or source.kind != "dicom" or not source.files:
        raise WrongUse(
            "DICOM output needs the DICOM series that the labels belong to.",
            "Give the DICOM folder as the source, or use another format.",
        )
    try:
        head = dcmread(source.files[0], stop_before_pixels=True, force=True)
    except (OSError, InvalidDicomError) as error:
        raise InputError(
            f"{source.files[0]}, an image of this case, cannot be read.",
            "Were the images moved? Open the case again and show it where they are.",
        ) from error
    _require_names(head, volume, source.files[0])
    return head


def _require_names(head: Any, volume: Volume, path: Path) -> None:
    """A SEG names its images by SOPClassUID and SOPInstanceUID: images without them cannot be named."""
    source = volume.source
    if head.get("SOPClassUID") and source is not None and all(source.sop_instance_uids):
        return
    raise InputError(
        f"{path.name} or another image of its series has no SOPClassUID or SOPInstanceUID, "
        "by which a DICOM SEG must name it.",
        "Use another format (.nii.gz, .nrrd), or get the series again from its archive.",
    )


def references_of(volume: Volume, head: Any) -> References:
    """The UIDs that frames of a SEG refer to; the volume's order decides, never that of a file list."""
    source = volume.source
    assert source is not None
    slices = volume.geometry.shape[0]
    if len(source.sop_instance_uids) != slices:
        raise WrongUse(
            f"{len(source.sop_instance_uids)} image UIDs are known for {slices} slices.",
            "Load the series again.",
        )
    frames = source.frame_numbers if len(source.frame_numbers) == slices else (1,) * slices
    series = str(head.get("SeriesInstanceUID", "") or source.series_uid)
    frame_of_reference = volume.geometry.frame_of_reference_uid or str(head.get("FrameOfReferenceUID", ""))
    return References(
        study_uid=str(head.get("StudyInstanceUID", "")) or replaced_uid(series + ".study"),
        series_uid=series,
        # A SEG must name a frame of reference; a series without one gets one of its own.
        frame_of_reference_uid=frame_of_reference or replaced_uid(series + ".frame"),
        sop_class_uid=str(head.SOPClassUID),
        instance_uids=source.sop_instance_uids,
        frame_numbers=frames if _has_frames(source.sop_instance_uids, frames) else None,
    )


def _has_frames(uids: tuple[str, ...], frames: tuple[int, ...]) -> bool:
    """Whether a slice is one frame of several; objects of one frame must not be asked for frame 1."""
    return len(set(uids)) < len(uids) or any(number != 1 for number in frames)


def copy_patient_and_study(head: Any, dataset: Any) -> None:
    """Copy the patient and study attributes of an image, as they are, into another data set."""
    from pydicom.datadict import tag_for_keyword

    for keyword in PATIENT_AND_STUDY:
        tag = tag_for_keyword(keyword)
        if tag is not None and tag in head:
            dataset.add(head[tag])


PATIENT_AND_STUDY = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientBirthTime",
    "PatientSex",
    "OtherPatientIDsSequence",
    "EthnicGroup",
    "PatientComments",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "ClinicalTrialSponsorName",
    "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName",
    "ClinicalTrialSiteID",
    "ClinicalTrialSiteName",
    "ClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
)
"""Attributes of the Patient, Clinical Trial Subject, General Study and Patient Study modules."""
