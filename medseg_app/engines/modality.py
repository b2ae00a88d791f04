"""Whether a model fits the images: DICOM says its modality, other files are judged by their values."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from medseg_app.core.errors import InputError, ModalityError
from medseg_app.core.volume import Volume

from .model_card import ModelCard

AIR_HU = -500
"""Every CT shows some air, so a CT has values below this."""
CT_HIGHEST = 40_000


def check_modality(card: ModelCard, volume: Volume, stated: str = "") -> tuple[str, str]:
    """The modality that a run takes the images for, and a remark where it had to be guessed.

    stated: what the user said; counts only where the images do not say it themselves.
    Raises ModalityError where the model does not take these images.
    """
    if volume.modality:
        _require(card, volume.modality, f"The images of {volume.called} are {volume.modality}")
        return volume.modality, ""
    remark = ""
    modality = stated
    if stated:
        _require(card, stated, f"The images were said to be {stated}")
    else:
        modality, remark = guess_modality(card, volume.voxels)
    if modality == "CT":
        _require_hounsfield(card, volume)
    return modality, remark


def require_contrast(volume: Volume) -> None:
    """Raises InputError for images of a single value, in which models of voxels would find organs as well."""
    value = volume.voxels[0, 0, 0]
    if all((plane == value).all() for plane in volume.voxels):
        raise InputError(
            f"{volume.called} holds the value {value:g} in every voxel, so it shows nothing.",
            "Check how it was written, or choose another volume.",
        )


def guess_modality(card: ModelCard, voxels: NDArray[Any]) -> tuple[str, str]:
    """The modality of images that do not say it, and the reason in words.

    The model's only modality; else CT where the lowest value is at most -500, else MR.
    """
    if len(card.modality) == 1:
        only = card.modality[0]
        return (
            only,
            f"The file does not say its modality; taken as {only}, the only one that the model takes.",
        )
    lowest = float(voxels.min()) if voxels.size else 0.0
    modality = "CT" if lowest <= AIR_HU else "MR"
    remark = (
        f"The file does not say its modality; taken as {modality} because its lowest value is {lowest:g}."
    )
    _require(card, modality, f"The images look like {modality} (lowest value {lowest:g})")
    return modality, remark


def _require(card: ModelCard, modality: str, what: str) -> None:
    if modality not in card.modality:
        raise ModalityError(
            f"{what}, and the model {card.name} takes {' or '.join(card.modality)} only.",
            "Choose another model, or other images.",
        )


def _require_hounsfield(card: ModelCard, volume: Volume) -> None:
    lowest, highest = float(volume.voxels.min()), float(volume.voxels.max())
    # A model for CT alone needs a voxel below; for one of several modalities "at most" made it CT.
    without_air = lowest >= AIR_HU if card.modality == ("CT",) else lowest > AIR_HU
    if without_air or highest > CT_HIGHEST:
        raise ModalityError(
            f"The values of {volume.called} ({lowest:g} to {highest:g}) cannot be Hounsfield units, which "
            f"the model {card.name} needs for CT.",
            "Check that the file is a CT in Hounsfield units, or state the modality.",
        )
