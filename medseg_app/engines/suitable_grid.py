"""Grids that a model cannot work on are refused before it runs."""

from __future__ import annotations

from medseg_app.core.errors import GeometryError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume

from .model_folder import ModelFolder
from .slice_tiles import takes_slices


def looks_at_volumes(folder: ModelFolder) -> bool:
    """Whether single slices are none of a model's images; other engines take them, or do not say."""
    cards = [one.card for one in folder.models]
    return any(card.engine == "unet" and not takes_slices(card.network) for card in cards)


def require_even_slices(geometry: VolumeGeometry) -> None:
    """Raise GeometryError where the slices are not evenly spaced."""
    if not geometry.is_regular:
        raise GeometryError(
            "The slices are not evenly spaced (one is missing, or the gaps differ), so a model would see "
            "the anatomy distorted.",
            "Load the complete series, or mark this one by hand.",
        )


def require_volume(volume: Volume, model: str) -> None:
    """Raise GeometryError where there is a single slice, for a model that looks at volumes."""
    if min(volume.geometry.shape) == 1:
        raise GeometryError(
            f"{volume.called} is a single slice, and the model {model} looks at volumes: it would "
            "see copies of the slice where the rest of the patient should be.",
            "Load the complete series, or choose a model that looks at slices.",
        )
