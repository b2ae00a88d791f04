"""The one table of file formats: which suffix, or which DICOM class, is read and written by what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from medseg_app.core.errors import InputError, WrongUse
from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, silent
from medseg_app.core.volume import Volume

from .export_options import ExportOptions, Written

Say = Callable[[str], None]
"""Receives a sentence for the user."""

__all__ = [
    "FORMATS",
    "ExportOptions",
    "Format",
    "Written",
    "check_output",
    "export_labels",
    "format_of",
    "import_labels",
    "read_image",
    "read_labels",
]


class FileFormat(Protocol):
    """What a module for files that are not DICOM offers."""

    def read_image(self, path: Path) -> Volume:
        """The image of a file."""

    def read_labels(self, path: Path) -> LabelMap:
        """The labels of a file."""

    def check_labels(self, label_map: LabelMap) -> None:
        """Raise GeometryError where the format cannot hold the grid."""

    def write_labels(self, label_map: LabelMap, path: Path) -> None:
        """Write the labels."""


@dataclass(frozen=True)
class Format:
    """One kind of file.

    module: the module that reads and writes it, imported on first use; empty for files whose content
    is not labels (`.json`) or which the case file module owns (`.medseg`).
    layers: whether it can hold overlapping segments. names: whether it holds the names of segments.
    needs_images: whether it is of no use without the images that the labels lie on; needs_dicom: and
    whether these must be DICOM.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str = ""
    layers: bool = False
    names: bool = False
    needs_images: bool = False
    needs_dicom: bool = False

    def load(self) -> FileFormat:
        """The module that reads and writes this kind of file."""
        return cast(FileFormat, import_module(f"medseg_app.io.{self.module}"))


FORMATS = (
    Format("DICOM SEG", (".seg.dcm",), "dicom.seg_write", layers=True, names=True, needs_dicom=True),
    Format("NIfTI", (".nii", ".nii.gz"), "nifti"),
    Format("NRRD", (".nrrd",), "nrrd", names=True),
    Format("NRRD segmentation", (".seg.nrrd",), "nrrd", layers=True, names=True),
    Format("MetaImage", (".mha",), "metaimage"),
    Format("JSON", (".json",), layers=True, names=True),
    Format("MedSeg case", (".medseg",), layers=True, names=True, needs_images=True),
)


def format_of(path: Path) -> Format:
    """The format that the longest matching suffix names, in any letter case. Raises WrongUse for none."""
    found = _by_suffix(path)
    if found is None:
        known = ", ".join(suffix for entry in FORMATS for suffix in entry.suffixes)
        raise WrongUse(f"The ending of {path.name} names no format.", f"Use one of {known}.")
    return found[1]


def suffix_of(path: Path) -> str:
    """The suffix by which the format was chosen, in small letters."""
    format_of(path)
    found = _by_suffix(path)
    return found[0] if found else ""


def _by_suffix(path: Path) -> tuple[str, Format] | None:
    name = path.name.lower()
    fitting = [(suffix, entry) for entry in FORMATS for suffix in entry.suffixes if name.endswith(suffix)]
    return max(fitting, key=lambda pair: len(pair[0]), default=None)


def check_output(path: Path, volume: Volume) -> Format:
    """Refuse an output that cannot be written, before any work is done.

    Raises WrongUse for an unknown suffix, a folder that does not exist, a file of the images themselves,
    DICOM without a DICOM source, or a case without images; GeometryError where the format cannot hold the
    grid of the volume.
    """
    from .atomic import check_writable

    entry = format_of(path)
    check_writable(path)
    _keep_images(path, volume)
    if entry.needs_dicom and (volume.source is None or volume.source.kind != "dicom"):
        raise WrongUse(
            f"{path.name} cannot be written: DICOM output needs the DICOM series it belongs to.",
            "Give the DICOM folder as the source, or use .nii.gz, .nrrd or .mha.",
        )
    if entry.needs_images and volume.source is None:
        raise WrongUse(
            f"{path.name} cannot be written: a case needs the images that it is about.",
            "Give them as the source (medseg export --source FOLDER), or use .nii.gz, .nrrd or .mha.",
        )
    if entry.module and not entry.needs_dicom:
        entry.load().check_labels(LabelMap((), volume.geometry, ()))
    return entry


def _keep_images(path: Path, volume: Volume) -> None:
    """Refuse an output that would take the place of the images that the labels are about."""
    files = volume.source.files if volume.source and path.exists() else ()
    if any(file.exists() and file.samefile(path) for file in files):
        raise WrongUse(f"{path} holds the images, which would be lost.", "Give the output another name.")


def export_labels(
    label_map: LabelMap,
    volume: Volume,
    path: Path,
    options: ExportOptions | None = None,
    progress: Progress = silent,
) -> Written:
    """Write labels that lie on the volume's grid, read them back with another reader, then name the file.

    Raises WrongUse before any work (suffix, source, overlap), GeometryError where the format cannot
    hold the grid, CouldNotBeDone for a full disk, VerificationError where the file did not read back
    as it was; then no file exists under `path` that was not there before.
    """
    from .export import export

    return export(label_map, volume, path, options or ExportOptions(), progress)


def read_image(path: Path) -> Volume:
    """The image of a NIfTI, NRRD or MetaImage file. Raises InputError for anything else."""
    entry = _readable(path)
    if entry.needs_dicom:
        raise InputError(f"{path.name} is a DICOM file.", "Open the folder of its series instead.")
    return entry.load().read_image(path)


def read_labels(path: Path) -> LabelMap:
    """The labels of a DICOM SEG, NIfTI, NRRD or MetaImage file, on the file's own grid."""
    entry = _readable(path)
    if entry.needs_dicom:
        from .dicom.seg_read import read_seg

        return read_seg(path).label_map()
    return entry.load().read_labels(path)


def import_labels(
    path: Path, volume: Volume, say: Say = lambda _remark: None, leave_out: Say | None = None
) -> LabelMap:
    """The labels of any supported mask file on the grid of an open volume.

    Placed by patient position: exactly on the same grid, else each voxel takes the nearest label, and
    `say` is called with a sentence about it; `leave_out` (else `say`) with one about voxels or a segment
    that did not come along. Raises InputError where the mask belongs to other images (another frame of
    reference, or wholly outside).
    """
    from .import_labels import place_on

    return place_on(path, _readable(path).needs_dicom, volume, say, leave_out or say)


def _readable(path: Path) -> Format:
    if _is_dicom(path):
        return FORMATS[0]
    found = _by_suffix(path)
    if found is None or not found[1].module or found[1].needs_dicom:
        raise InputError(
            f"{path.name} is not an image or mask that can be read.",
            "Give a DICOM SEG, NIfTI (.nii, .nii.gz), NRRD (.nrrd) or MetaImage (.mha) file.",
        )
    return found[1]


def _is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM does. Raises InputError where there is no file that can be opened."""
    try:
        if not path.is_file():
            raise InputError(f"{path} does not exist or is not a file.", "Check the name.")
        with path.open("rb") as stream:
            return stream.read(132)[128:] == b"DICM"
    except OSError as error:
        raise InputError(
            f"{path} cannot be opened ({error.strerror}).", "Check its name and your right to read it."
        ) from error
