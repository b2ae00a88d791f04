"""What a script says to `medseg_app` is checked like the words of the command line; paths may be text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import medseg_app as ms
from medseg_app.core.errors import InputError, WrongUse
from medseg_app.phantom import make_phantom
from tests.training.tiny import write_cases, write_recipe


@pytest.mark.parametrize("how", [{"precision": "quick"}, {"min_score": 1.5}, {"min_score": -0.1}])
def test_a_run_that_nobody_can_do_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(WrongUse):
        ms.predict(make_phantom(7).volume, "demo-organs", device="cpu", **how)


@pytest.mark.parametrize("how", [{"max_minutes": 0}, {"max_minutes": -1.0}, {"task": "panoptic"}])
def test_a_training_without_sense_is_refused(how: dict[str, Any], tmp_path: Path) -> None:
    write_cases(tmp_path, 1)
    with pytest.raises(WrongUse):
        ms.train(tmp_path, output=str(tmp_path / "m"), **how)


def test_places_may_be_text(tmp_path: Path) -> None:
    write_cases(tmp_path, 1)
    recipe, out = write_recipe(tmp_path, steps=1), tmp_path / "made" / "m"
    assert ms.train(str(recipe), output=str(out), device="cpu") == out
    with pytest.raises(InputError):
        ms.predict_files(
            str(tmp_path / "none.nii.gz"),
            "tiny-semantic",
            [str(tmp_path / "o.nii.gz")],
            models=str(out.parent),
        )
