"""Find and load the images that a case, a command or a reopened journal speaks of."""

from __future__ import annotations

from pathlib import Path

from medseg_app.core.errors import CaseError
from medseg_app.core.progress import Progress, part
from medseg_app.core.volume import Volume


def is_image_file(path: Path) -> bool:
    """Whether a name is that of a NIfTI, NRRD or MHA file."""
    name = path.name.lower()
    return name.endswith((".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd"))


def load_images(path: Path, volume_id: str, progress: Progress) -> Volume:
    """The volume with this id from a folder or file. Raises InputError where it is not there."""
    if is_image_file(path):
        from .formats import read_image

        return read_image(path)
    from .case_origin import replaced_id
    from .dicom.scan import scan_folder
    from .dicom.volume import load_volume

    found = scan_folder(path, progress=part(progress, 0.0, 0.3))
    for info in found.volumes:
        if volume_id in (info.id, replaced_id(info.id)):
            return load_volume(info, progress=part(progress, 0.3, 1.0))
    raise CaseError(f"The series of this case is not in {path}.", "Choose the folder that holds it now.")


def find_images(candidates: list[Path], volume_id: str, sha256: str, progress: Progress) -> Volume:
    """The images of a case: the first candidate that exists, checked by the hash of its voxels.

    Raises CaseError where no candidate exists or where the images are not those of the case.
    """
    path = next((path for path in candidates if path.exists()), None)
    if path is None:
        raise CaseError(_where_they_were(candidates), "Choose where they are now.")
    volume = load_images(path, volume_id, progress)
    if volume.sha256 != sha256:
        raise CaseError(
            f"The images in {path} are not those that the case was made on.", "Choose their folder."
        )
    return volume


def _where_they_were(candidates: list[Path]) -> str:
    if not candidates:
        return "This case was de-identified and does not say where its images are."
    places = " or ".join(dict.fromkeys(str(path) for path in candidates))
    return f"The images of this case are not at {places} any more."
