"""The card of several models that run as one, as far as it follows from theirs in the same way for all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .model_card import ModelCard
from .model_folder import ModelFolder

JOINT = "+"
"""Names of models never hold it."""


def joined_model(parts: Sequence[ModelFolder], **own: Any) -> ModelFolder:
    """A folder that stands for its parts; its weights are theirs, and `own` are fields of its card."""
    cards = [part.card for part in parts]
    card = replace(
        cards[0],
        name=JOINT.join(card.name for card in cards),
        version=JOINT.join(card.version for card in cards),
        modality=common_modality(cards),
        licence="; ".join(dict.fromkeys(card.licence for card in cards)),
        figures={card.name: card.figures for card in cards},
        summary=" ".join(card.summary for card in cards),
        data=" ".join(card.data for card in cards),
        sha256=joint_hash(card.sha256 for card in cards),
        size=sum(card.size for card in cards),
    )
    sums = {f"{part.card.name}/{file}": value for part in parts for file, value in part.checksums.items()}
    return ModelFolder(parts[0].path, replace(card, **own), sums, tuple(parts))


def common_modality(cards: Sequence[ModelCard]) -> tuple[str, ...]:
    """The kinds of images that all of them read, in the order of the first."""
    return tuple(m for m in cards[0].modality if all(m in card.modality for card in cards))


def joint_hash(hashes: Iterable[str]) -> str:
    """One hash for the weights of several models, from theirs."""
    return hashlib.sha256("".join(hashes).encode()).hexdigest()
