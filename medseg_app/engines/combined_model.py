"""Models run as one: `A+B` names the model of classes A and the model of findings B (or the reverse), or two
that find the same; there may be more of each.

Nothing is written for it: its card follows from theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import product

from medseg_app.core.colours import free_colour
from medseg_app.core.errors import ModelError, WrongUse

from .joined_card import JOINT, common_modality, joined_model
from .model_card import LabelClass, ModelCard, UnionClass
from .model_folder import ModelFolder
from .voting_model import MIN_ML, with_votes


def combine(parts: tuple[ModelFolder, ...]) -> ModelFolder:
    """The model of several models; its weights are those of its parts.

    Those that find the same vote; what is left of findings and classes is merged. Raises ModelError where
    they have no modality in common, or where nothing tells how to make one of them.
    """
    cards = [part.card for part in parts]
    name = JOINT.join(card.name for card in cards)
    _refuse_strange(name, cards)
    voted = with_votes(parts)
    if len(voted) == 1:
        return voted[0]
    if len({part.card.gives_findings for part in voted}) < 2:
        raise ModelError(
            f"{name} cannot be combined: one model must mark organs or tissues and another single findings, "
            "or all must find the same.",
            "Run them one by one.",
        )
    merged = [part.card for part in voted]
    return joined_model(
        voted, name=name, engine="panoptic", task="panoptic", labels=_labels(merged), unions=_unions(merged),
        thresholds={},  # each part keeps its own
    )  # fmt: skip


def _refuse_strange(name: str, cards: Sequence[ModelCard]) -> None:
    if not common_modality(cards):
        raise ModelError(f"The models of {name} read different kinds of images.", "Run them one by one.")
    if any(card.task == "interactive" for card in cards):
        raise ModelError(
            f"{name} cannot be combined: one of them is shown what to mark.", "Run them one by one."
        )
    if len({card.name for card in cards}) < len(cards):
        raise ModelError(f"{name} cannot be combined: it names a model twice.", "Name each model once.")


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


def values_of(cards: Sequence[ModelCard]) -> list[dict[int, int]]:
    """For each card: its class values -> those of the combined model, where no two classes share one."""
    taken: set[int] = set()
    tables: list[dict[int, int]] = [{} for _ in cards]
    # Classes keep their values where they can; findings are numbered anew in files anyway.
    for number in sorted(range(len(cards)), key=lambda n: cards[n].gives_findings):
        for value in cards[number].classes:
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


def _unions(cards: list[ModelCard]) -> dict[int, UnionClass]:
    """Their unions by the values of the combined model."""
    return {
        table[value]: replace(union, of=tuple(table[one] for one in union.of))
        for card, table in zip(cards, values_of(cards), strict=True)
        for value, union in card.unions.items()
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
