"""Entries of the study browser: what a row says about a series, wherever the series came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medseg_app.core.volume import Volume

NO_PATIENT = "Image files"


@dataclass(frozen=True)
class Entry:
    """A series. verdict is empty while the scan still runs; findings are (verdict, text).

    source: the VolumeInfo of a series in a folder, None for a file that is open anyway.
    """

    id: str
    patient: str
    study: str
    title: str
    facts: str
    verdict: str = ""
    findings: tuple[tuple[str, str], ...] = ()
    source: Any = None


def entries_of(studies: Iterable[Any], volume: Volume | None) -> list[Entry]:
    """One entry per listed volume, and one for an open file that the list does not hold."""
    entries = [_entry(info) for info in studies]
    if volume is not None and all(entry.id != volume.id for entry in entries):
        entries.insert(0, _entry_of_file(volume))
    return entries


def person(name: str) -> str:
    """`Doe, Jane` for DICOM's `Doe^Jane`."""
    family, _, given = name.partition("^")
    return ", ".join(part for part in (family.strip(), given.replace("^", " ").strip()) if part)


def day(date: str) -> str:
    """`2024-03-01` for DICOM's `20240301`."""
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}" if len(date) == 8 and date.isdigit() else date


def _entry(info: Any) -> Entry:
    patient = info.patient
    who = person(patient.get("name", "")) or patient.get("id", "") or "No name"
    study = f"{day(patient.get('study_date', ''))}  {patient.get('study_description', '')}".strip()
    number = patient.get("series_number", "")
    title = info.description or (f"Series {number}" if number else "Series")
    passport = getattr(info, "passport", None)
    if passport is None:
        return Entry(info.series_uid, who, study or "Study", title, f"{info.modality}  being read".strip())
    if info.part if hasattr(info, "part") else "":
        title += f", {info.part}"
    findings = tuple((finding.verdict, finding.text) for finding in passport.findings)
    shown = findings or (("ok", passport.sentence),)
    facts = f"{info.modality}  {slices_text(info.shape[0], info.spacing[0])}".strip()
    return Entry(info.id, who, study or "Study", title, facts, passport.verdict, shown, info)


def _entry_of_file(volume: Volume) -> Entry:
    who = person(volume.patient.get("name", "")) or NO_PATIENT
    title = volume.description or (volume.source.path.name if volume.source else volume.id)
    regular = volume.geometry.is_regular
    finding = ("ok", "The slices form a regular grid.") if regular else ("note", "The slices are uneven.")
    slices = slices_text(volume.geometry.shape[0], volume.geometry.spacing_kji[0])
    facts = f"{volume.modality}  {slices}".strip()
    return Entry(volume.id, who, "Opened", title, facts, finding[0], (finding,))


def slices_text(count: int, spacing: float) -> str:
    """99 slices, 3 mm."""
    return f"{count} slices, {spacing:.3g} mm" if count > 1 else "1 slice"
