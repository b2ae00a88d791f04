"""The models of TotalSegmentator as cards; asked by models_of_packages, so nothing heavy is imported."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from medseg_app.core.errors import ModelError
from medseg_app.engines.model_card import ModelCard, Network
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.package_models import NotInstalled

from .labels import labels_of
from .offered import OFFERS, Offer
from .weights import how_to_download, weight_files, weights_folder

PACKAGE = "TotalSegmentator"


def totalsegmentator_models() -> list[ModelFolder]:
    """One model per task that is offered, with or without its weights on this computer."""
    if find_spec("totalsegmentator") is None:
        raise NotInstalled(
            f"{PACKAGE} is not installed.",
            'Install it with: pip install "medseg[totalsegmentator]". Its weights are fetched apart.',
        )
    try:
        return [ModelFolder(weights_folder(), _card(offer), {}, package=PACKAGE) for offer in OFFERS]
    except (ImportError, KeyError, OSError) as error:
        raise ModelError(
            f"{PACKAGE} {_version()} cannot be used: its tables are not those of version 2.18 ({error}).",
            'Install a newer one with: pip install --upgrade "medseg[totalsegmentator]"',
        ) from error


def _card(offer: Offer) -> ModelCard:
    files = weight_files(offer)
    what = f"Structures of the whole body on {offer.modality}, at {offer.spacing_mm:g} mm."
    return ModelCard(
        name=offer.name,
        version=_version(),
        engine="totalsegmentator",
        task="semantic",
        modality=(offer.modality,),
        licence="Apache-2.0 (TotalSegmentator, programs and weights of this task)",
        labels=labels_of(offer.task),
        network=Network("totalsegmentator", offer.arguments),
        summary=what if files else f"Its weights are missing. {how_to_download(offer)}",
        data="See TotalSegmentator (doi 10.1148/ryai.230024 for CT, 10.1148/radiol.241613 for MR).",
        size=sum(path.stat().st_size for path in files),
    )


def _version() -> str:
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return "of an unknown version"
