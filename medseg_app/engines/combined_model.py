"""Two models run as one: `A+B` names the model of classes A and the model of findings B (or the reverse).

Nothing is written for it: its card follows from theirs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import product

from medseg_app.core.colours import free_colour
from medseg_app.core.errors import ModelError, WrongUse

from .model_card import LabelClass, ModelCard
from .model_folder import ModelFolder

JOINT = "+"
"""Names of models never hold it."""
MIN_ML = "min_ml"


def combine(parts: tuple[ModelFolder, ...]) -> ModelFolder:
    """The panoptic model of several models; its weights are those of its parts.

    Raises ModelError where they have no modality in common, or where none finds or none marks classes.
    """
    cards = [part.card for part in parts]
    name = JOINT.join(card.name for card in cards)
    modality = tuple(m for m in cards[0].modality if all(m in card.modality for card in cards))
    if not modality:
        raise ModelError(f"The models of {name} read different kinds of images.", "Run them one by one.")
    if any(card.task == "interactive" for card in cards):
        raise ModelError(
            f"{name} cannot be combined: one of them is shown what to mark.", "Run them one by one."
        )
    if len({card.gives_findings for card in cards}) < 2:
        raise ModelError(
            f"{name} cannot be combined: one model must mark organs or tissues and another single findings.",
            "Run them one by one.",
        )
    card = replace(
        cards[0],
        name=name,
        version=JOINT.join(card.version for card in cards),
        engine="panoptic",
        task="panoptic",
        modality=modality,
        licence="; ".join(dict.fromkeys(card.licence for card in cards)),
        labels=_labels(cards),
        thresholds={},  # each part keeps its own
        figures={card.name: card.figures for card in cards},
        summary=" ".join(card.summary for card in cards),
        data=" ".join(card.data for card in cards),
        sha256=joint_hash(card.sha256 for card in cards),
        size=sum(card.size for card in cards),
    )
    sums = {f"{part.card.name}/{file}": value for part in parts for file, value in part.checksums.items()}
    return ModelFolder(parts[0].path, card, sums, parts)


def check_within(card: ModelCard, within: Collection[tuple[str, str]]) -> None:
    """Compare pairs (name of a finding, name of a class) with what a model finds and marks.

    Raises WrongUse for a name that the model does not have, where the model gives only one of both, and for
    what is no pair.
    """
    for pair in within:
        if isinstance(pair, str) or len(pair) != 2:
            raise WrongUse(
                f"{pair!r} is no pair of a finding and a class.", 'Give pairs, as in [("Lesion", "Liver")].'
            )
        for name, kind, what in zip(pair, ("instance", "semantic"), ("finding", "class"), strict=True):
            known = _names([card], kind)
            if name not in known:
                raise WrongUse(
                    f"{card.name} has no {what} {name}, which {':'.join(pair)} names.",
                    f"Name a finding and a class, as in Lesion:Liver. It has: {', '.join(known) or 'none'}.",
                )


def possible_within(cards: Sequence[ModelCard]) -> list[tuple[str, str]]:
    """Every pair (name of a finding, name of a class) that models which run as one can keep together."""
    return list(product(_names(cards, "instance"), _names(cards, "semantic")))


def joint_hash(hashes: Iterable[str]) -> str:
    """One hash for the weights of several models, from theirs."""
    return hashlib.sha256("".join(hashes).encode()).hexdigest()


def values_of(cards: Sequence[ModelCard]) -> list[dict[int, int]]:
    """For each card: its class values -> those of the combined model, where no two classes share one."""
    taken: set[int] = set()
    tables: list[dict[int, int]] = [{} for _ in cards]
    # Classes keep their values where they can; findings are numbered anew in files anyway.
    for number in sorted(range(len(cards)), key=lambda n: cards[n].gives_findings):
        for value in sorted(cards[number].labels):
            free = value if value not in taken else max(taken) + 1
            tables[number][value] = free
            taken.add(free)
    return tables


def least_volumes(cards: Sequence[ModelCard]) -> dict[int, float]:
    """Class values of the combined model -> the least volume (ml) of a finding, where a card states one."""
    return {
        table[value]: card.thresholds[MIN_ML]
        for card, table in zip(cards, values_of(cards), strict=True)
        for value in card.labels
        if MIN_ML in card.thresholds
    }


def _names(cards: Sequence[ModelCard], kind: str) -> list[str]:
    return sorted({label.name for card in cards for label in card.labels.values() if label.kind == kind})


def _labels(cards: list[ModelCard]) -> dict[int, LabelClass]:
    """The classes by their values in the combined model, no two of one colour; findings keep theirs."""
    labels: dict[int, LabelClass] = {}
    tables = zip(cards, values_of(cards), strict=True)
    for card, table in sorted(tables, key=lambda part: not part[0].gives_findings):
        taken = {label.colour for label in labels.values()}
        own = {label.colour for label in card.labels.values()}
        for value, label in card.labels.items():
            colour = free_colour(label.colour, taken | own) if label.colour in taken else label.colour
            labels[table[value]] = replace(label, colour=colour)
            taken.add(colour)
    return dict(sorted(labels.items()))
