"""What a user may choose about an export, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from .flatten import Overlap


@dataclass(frozen=True)
class ExportOptions:
    """Choices for one export.

    deidentify: no output leads back to the patient: no patient, no study, no reader, no path of the
    source, and new UIDs.
    overlap: who keeps a voxel of two segments in a format that holds one value per voxel.
    every_frame: DICOM SEG also holds frames without voxels, for viewers that count frames.
    """

    deidentify: bool = False
    overlap: Overlap | None = None
    every_frame: bool = False


@dataclass(frozen=True)
class Written:
    """What became of one export.

    written: whether a file exists under `path`; if not, `reason` says why.
    verified: whether the file was read back before it got its name; `reader` names who did. Another
    reader looks for every segment of labels in its place; cases and documents, which are our own formats,
    are compared whole.
    remarks: sentences for the user. lost: voxels that segments (by name) gave up to others.
    """

    path: Path
    written: bool
    verified: bool
    reason: str = ""
    reader: str = ""
    remarks: tuple[str, ...] = ()
    lost: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
