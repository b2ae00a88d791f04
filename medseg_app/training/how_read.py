"""How a data set was read, in words for the start of a training and for the card of its model."""

from __future__ import annotations

from .dataset import Split
from .patients import BY_DICOM, PATIENTS
from .recipe import Recipe

ABSENT = {
    "empty": "a class without a voxel in a case was looked for and is not there",
    "unknown": "a class without a voxel in a case was not looked for in it",
    "unnamed": "a class without a segment in a case was not looked for in it",
}
ABSENT_FINDINGS = {
    "empty": "a case without a finding holds none",
    "unknown": "a case that lacks findings of a class was not looked through",
    "unnamed": "a case without a segment of a finding was not looked through",
}


def how_read(recipe: Recipe, split: Split) -> tuple[str, ...]:
    """What was taken of absent classes and of patients. Names no file: names of files may name patients."""
    train, kept = (len({r.patient for r in part}) for part in (split.train, split.validation))
    told = [absence(recipe)] if recipe.source.kind in ("folder", "cases", "coco") else []
    if split.left_out:
        told.append(f"so {_cases(len(split.left_out))} left out")
    if split.rule:
        told.append(f"{split.rule} ({train} to learn from, {kept} kept back)")
    if split.rule == BY_DICOM and train + kept == 1 < len(split.train):
        told.append(f"DICOM tells one patient for all: name them in {PATIENTS} if that is wrong")
    return tuple(told)


def absence(recipe: Recipe) -> str:
    """What was taken of classes that are absent in a case."""
    source = recipe.source
    words = ABSENT if recipe.task == "semantic" else ABSENT_FINDINGS
    never = [recipe.labels[value].name for value in recipe.values if value not in recipe.taught]
    if source.absent != "empty" or not never or recipe.task != "semantic":
        return words[source.absent]
    return f"{words[source.absent]}, but nobody looked for {', '.join(never)} in any"


def _cases(count: int) -> str:
    return "1 case is" if count == 1 else f"{count} cases are"
