"""Classes that are several others together in every case: no class to learn, but one to give."""

from __future__ import annotations

from collections.abc import Sequence

from medseg_app.core.label_map import LabelMap
from medseg_app.io.unions import without_unions

Parts = dict[int, frozenset[int]]
"""Class value -> the class values that it is made of."""


def unions_in(truth: LabelMap) -> Parts:
    """What is exactly several others together in one case; its segments carry class values."""
    if len(truth.layers) < 2:
        return {}
    _, unions = without_unions(truth)
    values = {segment.name: segment.value for segment in truth.segments}
    return {values[name]: frozenset(values[part] for part in parts) for name, parts in unions.items()}


def always_united(held: Sequence[set[int]], unions: Sequence[Parts]) -> dict[int, tuple[int, ...]]:
    """The classes that are unions in each case that holds them, with all that they are ever made of.

    held: the class values of each case.
    """
    values = set[int]().union(*unions)
    always = {
        value
        for value in values
        if all(value in made for found, made in zip(held, unions, strict=True) if value in found)
    }
    parts = {value: set[int]().union(*(made.get(value, ()) for made in unions)) - always for value in always}
    return {value: tuple(sorted(of)) for value, of in sorted(parts.items()) if len(of) > 1}
