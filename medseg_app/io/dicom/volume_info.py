"""What a scan finds: volumes with their geometry passports, and files that were left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from medseg_app.core.geometry import VolumeGeometry

Verdict = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that no volume uses, and why.

    series_uid: the series whose image it should have been; empty where it is no damaged image.
    """

    path: Path
    reason: str
    series_uid: str = ""

    @property
    def is_damaged(self) -> bool:
        """Whether it is DICOM, or may be, that cannot be read; another copy of the file might be."""
        return self.reason.startswith(("damaged", "cut off", "a file that cannot be opened"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a volume that its user should know; code for programs, text for people."""

    code: str
    text: str
    verdict: Verdict = "note"


@dataclass(frozen=True)
class Passport:
    """What was measured about the geometry and the pixels of one volume.

    gaps_mm: distance from each slice to the next along the normal, in the order of k.
    tilt_degrees: angle between the stack's axis and the normal of its slices.
    orthonormality: largest deviation of the row and column directions from unit length and right angle.
    padding: stored value that means "no image here", before rescaling.
    rescale: (slope, intercept) where it is the same for all slices, else None.
    """

    gaps_mm: tuple[float, ...]
    tilt_degrees: float
    orthonormality: float
    bits_stored: int
    signed: bool
    photometric: str
    padding: int | None
    rescale: tuple[float, float] | None
    transfer_syntax: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """The gravest of the findings."""
        verdicts = {finding.verdict for finding in self.findings}
        if "problem" in verdicts:
            return "problem"
        return "note" if "note" in verdicts else "ok"

    @property
    def sentence(self) -> str:
        """The verdict for a person: what is wrong, or that nothing is."""
        grave = [finding.text for finding in self.findings if finding.verdict == self.verdict]
        return " ".join(grave) if grave else "The slices form a regular grid."

    def has(self, code: str) -> bool:
        """Whether a finding of this code was made."""
        return any(finding.code == code for finding in self.findings)


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How the stored pixels of a frame are encoded."""

    rows: int
    columns: int
    transfer_syntax: str
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    has_lookup_table: bool = False


class Frame(NamedTuple):
    """One slice: the file and the frame within it, and how its stored values become real ones.

    offset: where the frame's uncompressed pixels begin in the file; 0 where they must be decoded.
    """

    file: str
    number: int
    sop_instance_uid: str
    format: PixelFormat
    offset: int
    slope: float
    intercept: float

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.file)


@dataclass(frozen=True, eq=False)
class VolumeInfo:
    """One volume that a scan found; nothing of its pixels has been read yet.

    id: the SeriesInstanceUID, or `UID#n` where the series holds several volumes.
    frames: one per slice, in the order of k.
    part: what tells the volume from others of its series ("b-value 50"), else empty.
    window: (centre, width) that the files propose, None where they propose none.
    patient: name, id, birth date, sex, study date, study description, study UID, series number;
    for the screen only, never written anywhere.
    is_localizer: whether the images say that they only show where others lie.
    left_out: damaged images of this series that the volume had to do without.
    """

    id: str
    series_uid: str
    modality: str
    description: str
    geometry: VolumeGeometry
    frames: tuple[Frame, ...]
    passport: Passport
    root: Path
    part: str = ""
    units: str = ""
    padding: float | None = None
    inverted: bool = False
    is_localizer: bool = False
    window: tuple[float, float] | None = None
    patient: dict[str, str] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of the volume, each once, in the order of k."""
        return tuple(map(Path, dict.fromkeys(frame.file for frame in self.frames)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (k, j, i)."""
        return self.geometry.shape

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Spacing along (k, j, i) in mm."""
        return self.geometry.spacing_kji

    def to_json(self) -> dict[str, Any]:
        """The volume as `medseg info --json` lists it.

        direction: 9 numbers, row by row of the matrix whose columns are the i, j and k axes (as ITK).
        """
        axes = self.geometry.direction_kji[:, ::-1]
        return {
            "id": self.id,
            "modality": self.modality,
            "description": self.description,
            "files": len(self.files),
            "shape_kji": list(self.shape),
            "spacing_kji_mm": list(self.spacing),
            "origin_lps_mm": self.geometry.origins[0].tolist(),
            "direction": axes.ravel().tolist(),
            "verdict": self.passport.verdict,
            "findings": [{"code": f.code, "text": f.text} for f in self.passport.findings],
        }


@dataclass(frozen=True)
class ScanResult:
    """Everything that a scan found below `root`: each file is in a volume or left out with a reason."""

    root: Path
    volumes: tuple[VolumeInfo, ...]
    left_out: tuple[LeftOut, ...]
