"""What the cases to learn from do not show, in words, so that hours of training are no surprise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medseg_app.engines.modality import AIR_HU

from .dataset import Case
from .recipe import Recipe


def not_shown(cases: Sequence[Case], recipe: Recipe) -> tuple[str, ...]:
    """Classes in none of the cases, and CTs that `predict` would not take for CTs. Names no file."""
    return tuple(filter(None, (_classes(cases, recipe), _air(cases, recipe))))


def _classes(cases: Sequence[Case], recipe: Recipe) -> str:
    shown = {int(v) for case in cases for v in (case.classes.values() or np.unique(case.labels))}
    names = [recipe.labels[value].name for value in recipe.values if value in recipe.taught - shown]
    return f"no case to learn from shows {', '.join(names)}, so it is not learnt" if names else ""


def _air(cases: Sequence[Case], recipe: Recipe) -> str:
    """Files of images do not say that they are a CT; without air their values do not say it either."""
    if recipe.source.kind != "folder":
        return ""
    count = sum(case.modality == "CT" and float(case.image.min()) >= AIR_HU for case in cases)
    return (
        f"{count} of {len(cases)} images to learn from are said to be CT and hold no air (nothing below "
        f"{AIR_HU} HU); files like these are refused where the model is run"
        if count
        else ""
    )
