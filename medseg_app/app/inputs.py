"""INPUT of commands: a DICOM folder or file, NIfTI, NRRD, MHA, or a case, turned into one volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg_app.core.errors import ImagesMoved, InputError, WrongUse
from medseg_app.core.progress import Progress, part, silent
from medseg_app.core.volume import Volume
from medseg_app.io.images import find_images, is_image_file

from .remedy import remedy


@dataclass(frozen=True, eq=False)
class Input:
    """One volume to work on, and what had to be left out of it (a sentence each)."""

    volume: Volume
    left_out: tuple[str, ...] = ()


def open_input(
    path: Path,
    series: str | None = None,
    modalities: Sequence[str] = (),
    progress: Progress = silent,
    *,
    scouts: bool = True,
) -> Input:
    """The volume that is meant: by id, or the only one that fits the modalities.

    scouts: whether localizers of a single slice can be meant where there are others.
    Raises InputError for a path that holds no images, WrongUse where several volumes fit.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist.", "Check the name.")
    if path.suffix.lower() == ".medseg":
        return Input(require_series(open_case_images(path, progress), series, path))
    if is_image_file(path):
        if series is not None:
            raise WrongUse(f"{path.name} holds one volume.", "Leave out --series.")
        from medseg_app.io.formats import read_image

        return Input(read_image(path))
    from medseg_app.io.dicom.scan import find_volume, scan_folder

    found = scan_folder(path, progress=part(progress, 0.0, 0.2))
    meant = find_volume(found, series, tuple(modalities), scouts=scouts)
    return load_input(meant, part(progress, 0.2, 1.0))


def require_series(volume: Volume, series: str | None, path: Path) -> Volume:
    """The only volume of a case, if no other one was asked for."""
    if series not in (None, volume.id):
        raise WrongUse(
            f"{path.name} was made on the volume {volume.id}, not on {series}.", "Leave out --series."
        )
    return volume


def load_input(info: Any, progress: Progress = silent) -> Input:
    """Load a volume that a scan found; slices that cannot be read are named, never silently dropped."""
    from medseg_app.io.dicom.volume import load_readable

    report = load_readable(info, progress)
    return Input(report.volume, tuple(f"{item.path}: {item.reason}" for item in report.left_out))


def open_case_images(
    path: Path,
    progress: Progress = silent,
    source: Path | None = None,
    hint: str = "Give the folder or file where they are now in place of the case.",
) -> Volume:
    """The images that a case was made on. Raises ImagesMoved with this hint where they moved or changed."""
    from medseg_app.io.case_file import read_case_file

    contents = read_case_file(path)
    places = [source] if source else contents.source_candidates(path)
    with remedy(ImagesMoved, hint):
        return find_images(places, contents.volume_id, contents.voxels_sha256, progress)
