"""De-identification of what this program writes: new UIDs that stay consistent, and no patient."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from medseg_app.core.errors import WrongUse
from medseg_app.core.segment import Segment

if TYPE_CHECKING:
    from medseg_app.core.label_map import LabelMap
    from medseg_app.core.volume import Volume

    from .seg_source import References

_SHORTEST_NUMBER = 4
"""Shorter patient numbers are ordinary numbers of lesions too."""
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


def refuse_patient_in_names(segments: Iterable[Segment], head: Any) -> None:
    """Raise WrongUse where a name that a reader gave holds the patient's name or number.

    head: the data set of an image of the patient.
    """
    marks = _marks_of_patient(head)
    for segment in segments:
        for text in (segment.name, segment.provenance.model, segment.provenance.model_version):
            words = set(_words(text))
            if any(mark <= words for mark in marks):
                raise WrongUse(
                    f"The segment '{segment.name}' holds the patient's name or number.",
                    "Rename it, then export again.",
                )


def without_history(segment: Segment) -> Segment:
    """The segment without reader and file, under tracking identifiers that lead to no other file."""
    uid = replaced_uid(segment.tracking_uid) if segment.tracking_uid else ""
    made = replace(segment.provenance, reader="", file="")
    return replace(segment, tracking_id="", tracking_uid=uid, provenance=made)


def deidentified(label_map: LabelMap, volume: Volume) -> LabelMap:
    """The label map with what may leave the house about its segments, for formats that hold their names.

    Raises WrongUse where a name that a reader gave holds the patient's name or number.
    """
    if volume.source is not None and volume.source.kind == "dicom":
        from .seg_source import read_head

        refuse_patient_in_names(label_map.segments, read_head(volume))
    return replace(label_map, segments=tuple(map(without_history, label_map.segments)))


def _marks_of_patient(head: Any) -> list[set[str]]:
    """What gives a patient away where all its words stand together: name, number, accession number."""
    texts = [str(head.get(keyword, "")) for keyword in ("PatientID", "AccessionNumber")]
    numbers = [set(_words(text)) for text in texts if len(text) >= _SHORTEST_NUMBER]
    names = [
        {word for word in _words(spelling) if len(word) > 1}
        for spelling in str(head.get("PatientName", "")).split("=")
    ]
    return [mark for mark in (*numbers, *names) if mark]


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


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
