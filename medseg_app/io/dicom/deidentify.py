"""De-identification of what this program writes: new UIDs that stay consistent, and no patient."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .seg_source import References

_METHOD = "MedSeg: patient, study and reader removed, UIDs replaced"


def replaced_uid(uid: str) -> str:
    """The UID that stands for another one in every de-identified file, the same each time.

    The new one cannot be turned back; whoever knows the old one can recognise it.
    """
    digest = hashlib.sha256(f"medseg-uid:{uid}".encode()).digest()
    # 2.25 is the root for UUIDs as one number of 128 bits; version and variant bits make it one.
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | (0x4 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    return f"2.25.{number}"


def replaced_references(references: References) -> References:
    """The same references under replaced UIDs."""
    return replace(
        references,
        study_uid=replaced_uid(references.study_uid),
        series_uid=replaced_uid(references.series_uid),
        frame_of_reference_uid=replaced_uid(references.frame_of_reference_uid),
        instance_uids=tuple(replaced_uid(uid) for uid in references.instance_uids),
    )


def mark_deidentified(dataset: Any, study_uid: str) -> None:
    """Give a data set that never held a patient a pseudonym and the marks of the Basic Profile (PS3.15 E)."""
    from pydicom.dataset import Dataset

    # From the study's UID, not the patient's number: a short number could be found by trying all.
    pseudonym = "ANON-" + hashlib.sha256(study_uid.encode()).hexdigest()[:12].upper()
    dataset.PatientID = pseudonym
    dataset.PatientName = pseudonym + "^"
    for keyword in ("PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate", "StudyTime"):
        setattr(dataset, keyword, "")
    dataset.ReferringPhysicianName = ""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = _METHOD
    dataset.LongitudinalTemporalInformationModified = "REMOVED"
    profile = Dataset()
    profile.CodeValue, profile.CodingSchemeDesignator = "113100", "DCM"
    profile.CodeMeaning = "Basic Application Confidentiality Profile"
    dataset.DeidentificationMethodCodeSequence = [profile]
