"""Writing a model folder in one piece: a reader sees the old folder or the new one, never a half."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from medseg_app.core.errors import CouldNotBeDone, ModelError

from .checksums import write_checksums
from .folder_exchange import exchange_names
from .model_card import ModelCard
from .model_folder import (
    CARD,
    LICENCE,
    METADATA,
    README,
    SCHEMA_VERSION,
    ModelFolder,
    card_problem,
    read_model_folder,
)


@dataclass(frozen=True)
class Origin:
    """Who made a model, and how it came to be a model folder."""

    authors: str
    how: str


TRAINED_HERE = Origin("MedSeg", "made by medseg train")


@dataclass(frozen=True)
class Papers:
    """What stands beside the weights for people.

    readme, licence_text: made from the card where empty. documents: further files by their path below
    the folder.
    """

    readme: str = ""
    licence_text: str = ""
    origin: Origin = TRAINED_HERE
    documents: Mapping[str, bytes] = field(default_factory=dict)


def write_model_folder(
    path: Path, card: ModelCard, weights: bytes, papers: Papers | None = None
) -> ModelFolder:
    """Write a model folder and read it back.

    path: the folder itself; an older model folder there is replaced.
    weights: a safetensors file as bytes (see weights.pack_weights); float16 is allowed.
    Raises ModelError where the card is not sound, CouldNotBeDone where the folder cannot be written.
    """
    problem = card_problem(card)
    if problem:
        raise ModelError(f"The model {card.name!r} cannot be written: {problem}.")
    target, papers = Path(path), papers or Papers()
    files: Mapping[str, bytes] = {
        **papers.documents,
        CARD: _json({"schema_version": SCHEMA_VERSION, **_own_values(card)}),
        METADATA: _json(_monai_metadata(card, papers.origin)),
        card.weights: weights,
        README: (papers.readme or _readme(card)).encode(),
        LICENCE: (papers.licence_text or f"{card.licence}\n").encode(),
    }
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            _fill(draft, files)
            read_model_folder(draft)
            swap_folder(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise CouldNotBeDone(
            f"The model folder {target} cannot be written ({error.strerror}).",
            "Free some space or choose another folder.",
        ) from error
    return read_model_folder(target)


def _own_values(card: ModelCard) -> dict[str, Any]:
    values = asdict(card)
    del values["sha256"], values["size"]
    return values


def _json(data: dict[str, Any]) -> bytes:
    return (json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    write_checksums(folder, list(files))
    folder.chmod(0o755)


def swap_folder(draft: Path, target: Path) -> None:
    """Put a finished folder in the place of an older one, which is removed.

    Where the system can exchange two names, there is no moment without a folder of that name.
    """
    if not target.exists():
        draft.replace(target)
        return
    if exchange_names(draft, target):
        shutil.rmtree(draft, ignore_errors=True)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    try:
        target.replace(old / target.name)
        try:
            draft.replace(target)
        except OSError:
            (old / target.name).replace(target)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _monai_metadata(card: ModelCard, origin: Origin) -> dict[str, Any]:
    """The fields of MONAI's bundle specification; written for other tools, never read back."""
    classes = {"0": "background", **{str(value): label.name for value, label in card.labels.items()}}
    channels = card.network.arguments.get("in_channels", 1)
    return {
        "version": card.version,
        "changelog": {card.version: origin.how},
        "monai_version": "1.6.1",
        "required_packages_version": {},
        "name": card.name,
        "task": f"{card.task} segmentation",
        "description": card.summary,
        "authors": origin.authors,
        "copyright": card.licence,
        "data_source": card.data,
        "eval_metrics": card.figures,
        "network_data_format": {
            "inputs": {
                "image": {
                    "type": "image",
                    "modality": "/".join(card.modality),
                    "num_channels": channels,
                    "channel_def": {str(n): f"channel {n}" for n in range(channels)},
                }
            },
            "outputs": {
                "pred": {
                    "type": "image",
                    "format": "segmentation",
                    "num_channels": len(classes),
                    "channel_def": classes,
                }
            },
        },
    }


def _readme(card: ModelCard) -> str:
    labels = "\n".join(f"| {value} | {label.name} |" for value, label in card.classes.items())
    figures = "\n".join(f"- {name}: {value}" for name, value in card.figures.items()) or "- none measured"
    return (
        f"# {card.name} {card.version}\n\n{card.summary}\n\n"
        f"- task: {card.task}\n- modality: {', '.join(card.modality)}\n- licence: {card.licence}\n"
        f"- trained on: {card.data}\n\n| value | class |\n|---|---|\n{labels}\n\n## Figures\n\n{figures}\n"
    )
