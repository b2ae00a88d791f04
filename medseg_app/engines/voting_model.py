"""Models that find the same run as one that votes: `A+B+C` of three models of tumours is one of them.

Nothing is written for it: its card follows from theirs. See vote.py for what comes of their findings.
"""

from __future__ import annotations

from collections.abc import Sequence

from .joined_card import joined_model
from .model_card import ModelCard
from .model_folder import ModelFolder

MIN_SCORE, MIN_ML = "min_score", "min_ml"
USUAL_SCORE = 0.5
"""Least score of a model whose card states none."""


def find_the_same(one: ModelCard, other: ModelCard) -> bool:
    """Whether two models give findings only, and of the same classes."""
    names = [{(label.name, label.kind) for label in card.labels.values()} for card in (one, other)]
    return names[0] == names[1] and all(kind == "instance" for _, kind in names[0])


def with_votes(parts: Sequence[ModelFolder]) -> tuple[ModelFolder, ...]:
    """The models, those that find the same as one of them in the place of the first."""
    groups: list[list[ModelFolder]] = []
    for part in parts:
        alike = next((group for group in groups if find_the_same(group[0].card, part.card)), None)
        if alike is None:
            groups.append([part])
        else:
            alike.append(part)
    return tuple(group[0] if len(group) == 1 else _voting_model(group) for group in groups)


def _voting_model(parts: Sequence[ModelFolder]) -> ModelFolder:
    cards = [part.card for part in parts]
    least_ml = [card.thresholds[MIN_ML] for card in cards if MIN_ML in card.thresholds]
    thresholds = {MIN_SCORE: least_score(cards), **({MIN_ML: max(least_ml)} if least_ml else {})}
    return joined_model(parts, engine="voting", task="instance", thresholds=thresholds)


def least_score(cards: Sequence[ModelCard]) -> float:
    """The score from which on a voted finding is shown: where half of the models show it as surely as each
    asks of itself.
    """
    half, own = -(-len(cards) // 2), [card.thresholds.get(MIN_SCORE, USUAL_SCORE) for card in cards]
    return round(half / len(cards) * sum(own) / len(own), 3)
