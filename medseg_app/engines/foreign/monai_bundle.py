"""A MONAI bundle (configs/, models/, docs/, LICENSE) as the draft of a model of MedSeg's."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from medseg_app.core.errors import ModelError
from medseg_app.engines.checksums import inside
from medseg_app.engines.model_card import LabelClass, ModelCard, ModelGrid, Network
from medseg_app.engines.model_folder import LICENCE, METADATA, README
from medseg_app.engines.model_folder_writer import Origin, Papers
from medseg_app.engines.strict_json import read_limited

from .bundle_config import BundleConfig
from .bundle_network import NetworkCode, bundle_network, bundle_remarks, bundle_tiles
from .bundle_preprocessing import Found, bundle_preprocessing
from .bundle_weights import bundle_weights
from .data_file import read_data_file
from .draft import NOT_STATED, Draft, classes, licence_name, model_name, printable
from .program_graph import LOGITS

CONFIGS = tuple(f"configs/inference.{suffix}" for suffix in ("json", "yaml", "yml"))
MODALITIES = {"CT": "CT", "MR": "MR", "MRI": "MR", "PT": "PT", "PET": "PT"}
BACKGROUND = ("background", "bg", "everything else", "other")
MAX_TEXT = 20_000


def is_bundle(folder: Path) -> bool:
    """Whether a folder looks like a bundle of MONAI's."""
    return (folder / METADATA).is_file() and any((folder / name).is_file() for name in CONFIGS)


def read_bundle(folder: Path, consent: bool) -> Draft:
    """Read a bundle as data and convert its weights.

    consent: a network that is code, or that the bundle holds as a TorchScript program only, may be run once,
    contained. Raises ModelError with the key or file that is the reason.
    """
    path = next(inside(folder, name) for name in CONFIGS if (folder / name).is_file())
    config = BundleConfig(read_data_file(path), path)
    about = BundleConfig(read_data_file(inside(folder, METADATA)), folder / METADATA)
    network = bundle_network(config)
    found = bundle_preprocessing(config)
    card = _card(config, about, folder, LOGITS if isinstance(network, NetworkCode) else network, found)
    remarks = (*found.remarks, *bundle_remarks(config))
    card, weights, how = bundle_weights(config, card, network, consent)
    papers = Papers(
        _text(folder, README), _text(folder, LICENCE), Origin(_words(about, "authors") or NOT_STATED, how)
    )
    return Draft(card, weights, papers, remarks)


def _card(
    config: BundleConfig, about: BundleConfig, folder: Path, network: Network, found: Found
) -> ModelCard:
    tile, overlap = bundle_tiles(config)
    labels, modality = _labels(about), _modality(about)
    _require_channels(config, network, len(labels) + 1)
    licence = licence_name(_text(folder, LICENCE) or _words(about, "license") or _words(about, "copyright"))
    metrics = about.at("eval_metrics")
    return ModelCard(
        name=model_name(folder.name),
        version=_words(about, "version") or "unknown",
        engine="unet",
        task="semantic",
        modality=(modality,),
        licence=licence,
        labels=labels,
        network=network,
        grid=ModelGrid(found.orientation, found.spacing_mm, tile=tile, overlap=overlap),
        preprocessing={"channels": {modality: [found.channel]}},
        figures={"stated by its authors": metrics} if isinstance(metrics, dict) else {},
        summary=_words(about, "description"),
        data=_words(about, "data_source"),
    )


def _labels(about: BundleConfig) -> dict[int, LabelClass]:
    """Class values from the definition of the output's channels; channel 0 has to be background."""
    outputs = about.at("network_data_format#outputs")
    names = list(outputs) if isinstance(outputs, dict) else []
    place = f"network_data_format#outputs#{'pred' if 'pred' in names or not names else names[0]}#channel_def"
    channels = about.at(place)
    if not isinstance(channels, dict) or len(channels) < 2:
        about.refuse(place, "does not name background and classes")
    named = {int(key): name for key, name in channels.items() if str(key).isdecimal()}
    texts = all(isinstance(name, str) and name.strip() for name in named.values())
    if sorted(named) != list(range(len(channels))) or not texts:
        about.refuse(place, "does not number the classes from 0 upwards")
    if not named.pop(0).strip().lower().startswith(BACKGROUND):
        about.refuse(f"{place}#0", "is not the background")
    return classes(named)


def _modality(about: BundleConfig) -> str:
    image = "network_data_format#inputs#image"
    if about.at(f"{image}#num_channels") != 1:
        about.refuse(f"{image}#num_channels", "is not 1; models of one image are supported")
    stated = about.at(f"{image}#modality")
    modality = MODALITIES.get(stated.strip().upper()) if isinstance(stated, str) else None
    if modality is None:
        about.refuse(f"{image}#modality", f"is {stated!r}, and has to be one of {', '.join(MODALITIES)}")
    return str(modality)


def _require_channels(config: BundleConfig, network: Network, count: int) -> None:
    if network.arguments.get("in_channels", 1) != 1:
        config.refuse("network_def#in_channels", "is not 1; models of one image are supported")
    if network.arguments.get("out_channels", count) != count:
        config.refuse("network_def#out_channels", f"is not {count}, the number of channels in {METADATA}")


def _words(about: BundleConfig, key: str) -> str:
    value: Any = about.at(key)
    return printable(value)[:2000] if isinstance(value, str) else ""


def _text(folder: Path, name: str) -> str:
    """The text of a file of the bundle that is for people; empty where there is none that can be read."""
    with suppress(ModelError):
        if (folder / name).is_file():
            return read_limited(inside(folder, name))[:MAX_TEXT]
    return ""
