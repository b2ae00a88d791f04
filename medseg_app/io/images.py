"""Find and load the images that a case, a command or a reopened journal speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from medseg_app.core.errors import ImagesMoved, InputError
from medseg_app.core.progress import Progress, part
from medseg_app.core.volume import Volume


def is_image_file(path: Path) -> bool:
    """Whether a name is that of a NIfTI, NRRD or MHA file."""
    name = path.name.lower()
    return name.endswith((".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd"))


def find_images(candidates: Sequence[Path], volume_id: str, sha256: str, progress: Progress) -> Volume:
    """The images of a case: at the first candidate where the hash of the voxels says that they are.

    A candidate is a file or a folder. Raises ImagesMoved where they are at none of them.
    """
    reasons = []
    for place in dict.fromkeys(path for path in candidates if path.exists()):
        try:
            found = next((v for v in _images_at(place, volume_id, progress) if v.sha256 == sha256), None)
        except InputError as error:
            reasons.append(error.message)
            continue
        if found is not None:
            return found
        reasons.append(f"The images in {place} are not those that the case was made on.")
    raise ImagesMoved(" ".join(reasons) or _where_they_were(candidates), "Choose where they are now.")


def _images_at(place: Path, volume_id: str, progress: Progress) -> Iterator[Volume]:
    """Volumes of a file or folder that may be the one that is meant, the likeliest first."""
    if is_image_file(place):
        from .formats import read_image

        yield read_image(place)
    elif is_image_file(Path(volume_id)):
        yield from _image_files(place, volume_id)
    else:
        yield from _series(place, volume_id, progress)


def _image_files(folder: Path, name: str) -> Iterator[Volume]:
    """The images of a folder, that of this name first; what cannot be read is none."""
    from .formats import read_image

    for path in sorted(filter(is_image_file, folder.iterdir()), key=lambda path: (path.name != name, path)):
        with suppress(InputError):
            yield read_image(path)


def _series(folder: Path, volume_id: str, progress: Progress) -> Iterator[Volume]:
    """The series of a folder with this id; one without series may hold the file of a de-identified case."""
    from .case_origin import replaced_id
    from .dicom.scan import scan_folder
    from .dicom.volume import load_volume

    found = scan_folder(folder, progress=part(progress, 0.0, 0.3))
    if not found.volumes and folder.is_dir():
        yield from _image_files(folder, volume_id)
    meant = [info for info in found.volumes if volume_id in (info.id, replaced_id(info.id))]
    if not meant:
        raise InputError(f"The series of this case is not in {folder}.")
    for info in meant:
        yield load_volume(info, progress=part(progress, 0.3, 1.0))


def _where_they_were(candidates: Sequence[Path]) -> str:
    if not candidates:
        return "This case was de-identified and does not say where its images are."
    places = " or ".join(dict.fromkeys(str(path) for path in candidates))
    return f"The images of this case are not at {places} any more."
