"""The image of a case in a folder of images: a file or a DICOM folder of the case's name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from medseg_app.app.case_name import case_name
from medseg_app.app.inputs import open_input
from medseg_app.core.volume import Volume
from medseg_app.io.images import is_image_file

NNUNET_CHANNEL = "_0000"
"""How nnU-Net calls the first channel of a case."""


def find_case_image(images: Path, name: str) -> Path | None:
    """NAME.nii.gz and the like, nnU-Net's NAME_0000.nii.gz, or a folder NAME; None where none is there."""
    entries = sorted(images.iterdir())
    for wanted in (name, name + NNUNET_CHANNEL):
        for path in entries:
            if path.is_dir() and path.name == wanted:
                return path
            if is_image_file(path) and case_name(path) == wanted:
                return path
    return None


def read_case_image(path: Path) -> Volume:
    """The only volume of a path. A file that does not say its modality is a CT if it shows air.

    Raises InputError or WrongUse where there is none, or are several.
    """
    from medseg_app.engines.modality import AIR_HU

    volume = open_input(path).volume
    if not volume.modality and float(volume.voxels.min()) <= AIR_HU:
        return replace(volume, modality="CT")
    return volume
