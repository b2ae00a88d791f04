"""match_classes: which classes of a model the classes of a data set are, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from medseg_app.core.errors import WrongUse
from medseg_app.engines.model_card import LabelClass, ModelCard

from .class_names import plain_name
from .fingerprint import is_unnamed
from .recipe import Recipe


@dataclass(frozen=True)
class ClassMatch:
    """labels: the classes of the model that is trained. values: value in the data -> value of its class.

    notes: what is done where the classes are not the same.
    """

    labels: Mapping[int, LabelClass]
    values: Mapping[int, int]
    notes: tuple[str, ...] = ()


def match_classes(recipe: Recipe, card: ModelCard) -> ClassMatch:
    """The classes of a model that goes on from the one of a card with the data of a recipe.

    Where the data names a class that the model lacks, the new model has the classes of the data. Raises
    WrongUse where nothing tells which class is which.
    """
    if recipe.source.is_by_name:
        return _of_cases(recipe, card)
    if all(is_unnamed(value, label) for value, label in recipe.labels.items()):
        return _by_value(recipe, card)
    known = {plain_name(label.name): value for value, label in card.labels.items()}
    names = {value: plain_name(label.name) for value, label in recipe.labels.items()}
    if set(names.values()) <= set(known):
        return _kept(card, {value: known[name] for value, name in names.items()})
    return _with_new(recipe, card, {value: known.get(name) for value, name in names.items()})


def _of_cases(recipe: Recipe, card: ModelCard) -> ClassMatch:
    """A case may hold any segments; those called as a class of the model are learnt from."""
    known = {label.name: value for value, label in card.labels.items()}
    marked = {label.name for label in recipe.labels.values()}
    if not known.keys() & marked:
        raise WrongUse(
            f"No segment of these cases ({_list(marked)}) is called as a class of {card.name} "
            f"({_list(known)}).",
            "Name the segments alike, or train a new model.",
        )
    strange = sorted(marked - known.keys() - {union.name for union in card.unions.values()})
    notes = (f"{_list(strange)}: no class of {card.name}, left out",) if strange else ()
    values = {value: value for name, value in known.items() if name in marked}
    kept = _kept(card, values)
    return replace(kept, notes=(*notes, *kept.notes))


def _by_value(recipe: Recipe, card: ModelCard) -> ClassMatch:
    """Without names a value is the class of that value, and findings are of the only class."""
    if card.task == "instance" and len(card.labels) == 1:
        (only,) = card.labels.values()
        note = f"the data set names no classes: its findings as {only.name} of {card.name}"
        return ClassMatch(card.labels, {}, (note,))
    if card.task == "instance" or not recipe.labels.keys() <= card.labels.keys():
        raise WrongUse(
            f"The data set names no classes, and its values ({_list(map(str, recipe.labels))}) do not tell "
            f"which classes of {card.name} they are ({_list(_valued(card))}).",
            "Name the classes in a dataset.json, as nnU-Net has it.",
        )
    told = _list(f"{value} as {card.labels[value].name}" for value in recipe.labels)
    kept = _kept(card, {value: value for value in recipe.labels})
    return replace(kept, notes=(f"the data set names no classes: {told} of {card.name}", *kept.notes))


def _kept(card: ModelCard, values: Mapping[int, int]) -> ClassMatch:
    """All classes are the model's."""
    missing = [label.name for value, label in card.labels.items() if value not in values.values()]
    # Voxels can be left unjudged for a class, slices with findings cannot.
    done = "not taught" if card.task == "semantic" else "where it is seen, it counts as background"
    notes = (f"{_list(missing)} of {card.name}: not in the data set, {done}",) if missing else ()
    return ClassMatch(card.labels, values, notes)


def _with_new(recipe: Recipe, card: ModelCard, values: Mapping[int, int | None]) -> ClassMatch:
    """The classes are those of the data; what the model knows of them stays as the model describes it."""
    kind = next(iter(card.labels.values())).kind
    labels = {
        value: replace(recipe.labels[value], kind=kind) if old is None else card.labels[old]
        for value, old in values.items()
    }
    new = [labels[value].name for value, old in values.items() if old is None]
    gone = [label.name for value, label in card.labels.items() if value not in values.values()]
    notes = [f"{_list(new)}: new to {card.name}, so the layers that tell classes apart learn anew"]
    if gone:
        notes.append(f"{_list(gone)} of {card.name}: not in the data set, no class of the new model")
    return ClassMatch(labels, {value: value for value in labels}, tuple(notes))


def _valued(card: ModelCard) -> list[str]:
    return [f"{value} {label.name}" for value, label in card.labels.items()]


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
