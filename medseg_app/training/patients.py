"""Patients: which cases of a data set show the same person, so that the split never divides them.

A file `patients.json` in the data set, or "patients" in its dataset.json, names the patient of every file:
{"visit0.nii.gz": "p2", "visit1.nii.gz": "p2"}. Without it the DICOM images of MedSeg's cases tell, and COCO
where its pictures carry `patient`; else each file is taken for a patient of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medseg_app.core.errors import InputError

from .json_object import read_json_object
from .references import CaseFile, CaseImages, Reference

PATIENTS, DESCRIPTION = "patients.json", "dataset.json"
BY_FILE = f"split by file: name patients in {PATIENTS} if several files show one patient"
BY_DICOM = "split by patient, as DICOM tells them"
BY_FOLDER = "split by patient, each with a folder of its own"
BY_COCO = "split by patient, as its pictures name them"

HINT = 'Write {"name of the file": "patient", ...} for every file.'


@dataclass(frozen=True)
class Grouped:
    """References with their patients, and for people how these are known."""

    references: tuple[Reference, ...]
    rule: str


def by_patient(found: tuple[Reference, ...], folder: Path) -> Grouped:
    """Cases of one patient get the same `patient`: the name of the first of them, so it tells nothing new.

    Raises InputError where a list of patients cannot be read or does not name every file.
    """
    listed, origin = _listed(folder)
    if listed:
        named = [_named(reference, listed, folder, origin) for reference in found]
        return Grouped(_joined(found, named), f"split by patient, as {origin} names them")
    cases = [reference for reference in found if isinstance(reference, CaseFile)]
    if cases:
        scanned: dict[Path, Mapping[str, str]] = {}
        told = [_of_images(case.images, scanned) for case in cases]
        # Two cases of the same image show one patient in any case.
        keys = [(text, "" if text else case.images.sha256) for text, case in zip(told, cases, strict=True)]
        return Grouped(_joined(found, keys), BY_DICOM if all(told) else BY_FILE)
    return Grouped(found, _rule(found))


def _rule(found: tuple[Reference, ...]) -> str:
    """How the patients are known that the references bring themselves."""
    if any(reference.case and reference.case != reference.patient for reference in found):
        return BY_COCO
    in_folders = (reference.files[0].parent.name == reference.patient for reference in found)
    return BY_FOLDER if all(in_folders) else BY_FILE


def _joined(found: tuple[Reference, ...], keys: list[Any]) -> tuple[Reference, ...]:
    first: dict[Any, str] = {}
    for reference, key in zip(found, keys, strict=True):
        first.setdefault(key, reference.patient)
    return tuple(
        replace(reference, patient=first[key], case=reference.case or reference.patient)
        for reference, key in zip(found, keys, strict=True)
    )


def _of_images(images: CaseImages, scanned: dict[Path, Mapping[str, str]]) -> str:
    """What the patient is called in the DICOM series behind a case; empty where nothing tells."""
    place = next((place for place in images.places if place.exists()), None)
    if images.kind != "dicom" or place is None:
        return ""
    if place not in scanned:
        scanned[place] = _patients_of_series(place)
    return scanned[place].get(images.volume_id.partition("#")[0], "")


def _patients_of_series(place: Path) -> Mapping[str, str]:
    """What DICOM calls the patient, by SeriesInstanceUID."""
    from medseg_app.io.dicom.scan import scan_folder

    return {volume.series_uid: _number(volume.patient) for volume in scan_folder(place).volumes}


def _number(patient: Mapping[str, str]) -> str:
    return patient.get("id") or patient.get("name") or ""


def _listed(folder: Path) -> tuple[Mapping[str, str], str]:
    """Patient by name of file, and the file that says so; nothing where none does."""
    for name in (PATIENTS, DESCRIPTION):
        path = folder / name
        if path.is_file():
            data = read_json_object(path, HINT)
            table = data.get("patients", data if name == PATIENTS else {})
            if not isinstance(table, dict) or any(isinstance(v, dict | list) for v in table.values()):
                raise InputError(f"{path} does not name the patient of each file.", HINT)
            if table:
                return {file: str(patient) for file, patient in table.items()}, name
    return {}, ""


def _named(reference: Reference, listed: Mapping[str, str], folder: Path, origin: str) -> str:
    """A file is named by its path below the data set, by its name, or by what is before all suffixes."""
    names = [reference.patient]
    for file in reference.files:
        names += [file.relative_to(folder).as_posix()] if file.is_relative_to(folder) else []
        names += [file.name, file.name.partition(".")[0]]
    for name in names:
        if name in listed:
            return listed[name]
    raise InputError(f"{folder / origin} does not name the patient of {reference.files[0].name}.", HINT)
