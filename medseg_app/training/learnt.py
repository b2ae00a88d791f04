"""Learnt: which images a model has learnt from, so that no figure on its card is taken on them.

A data set that grows between two trainings is divided anew. What the model that a training goes on from,
or its own first half before an interruption, was shown is then no patient "never seen", whatever the split
says. A model folder therefore keeps a list of hashes of voxels, which name nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from medseg_app.core.errors import InputError

from .dataset import Split, find_cases
from .recipe import Recipe
from .references import Reference

DOCUMENT = "docs/learnt.txt"
"""Where a model folder keeps its list, one image a line."""
LETTERS = 16
"""So much of a hash tells images apart."""


def learnt_by(model: Path | None) -> frozenset[str]:
    """What the model in a folder has learnt from, the models before it included; nothing where none tells."""
    document = model / DOCUMENT if model else None
    if document is None or not document.is_file():
        return frozenset()
    return frozenset(document.read_text(encoding="ascii").split())


def as_document(learnt: Iterable[str]) -> bytes:
    """The list as it lies in a model folder."""
    return "".join(f"{image}\n" for image in sorted(learnt)).encode("ascii")


def unseen_cases(recipe: Recipe, *models: Path) -> Split:
    """The cases of a recipe, those kept back only of whom the models in these folders have learnt nothing.

    Raises InputError where there are none.
    """
    found = find_cases(recipe)
    if not found.validation:
        raise InputError(
            f"The recipe {recipe.path} keeps no patient for validation.", "Add some to its split."
        )
    split = only_unseen(found, frozenset().union(*map(learnt_by, models)))
    if not split.validation:
        raise InputError(
            f"The model {' with '.join(map(str, models))} has learnt from all patients that "
            f"{recipe.path.parent} keeps back.",
            "Add patients whom it never saw.",
        )
    return split


def only_unseen(split: Split, learnt: Collection[str]) -> Split:
    """The split without those kept back of whom a model has learnt from any image; they are left out."""
    seen = {one.patient for one in split.validation if learnt and _image(one) in learnt}
    return replace(
        split,
        validation=tuple(one for one in split.validation if one.patient not in seen),
        left_out=(*split.left_out, *(one for one in split.validation if one.patient in seen)),
    )


def _image(reference: Reference) -> str:
    return reference.read()[0].sha256[:LETTERS]
