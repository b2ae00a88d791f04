"""Prompts over the image: on their slice only, and what belongs looks different without its colour."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6.QtGui import QImage, QPainter

from medseg_app.app.session import Session
from medseg_app.core.prompt import Prompt
from medseg_app.ui.viewer.overlays import prompts

from .conftest import SHAPE

CURSOR = (10, 20, 18)
POINT = Prompt("point", (CURSOR,))
SCRIBBLE = Prompt("scribble", tuple((10, 10, i) for i in range(5, 30)))
BOX = Prompt("box", ((10, 8, 6), (10, 30, 28)))


@pytest.fixture
def area(show: Callable[..., Any]) -> Any:
    return show(np.zeros(SHAPE, np.int16), CURSOR)


def drawn(area: Any, view: str, *shown: Prompt) -> np.ndarray:
    """The overlay of a view with these prompts alone, shape (rows, columns, 4)."""
    view = area.views[view]
    view.case.asked = shown
    picture = QImage(view.size(), QImage.Format.Format_RGBA8888)
    picture.fill(0)
    painter = QPainter(picture)
    prompts.paint(painter, view.overlay.frame(), None)
    painter.end()
    return np.array(picture.constBits()).reshape(picture.height(), picture.width(), 4).copy()


@pytest.mark.parametrize("prompt", [POINT, SCRIBBLE, BOX], ids=lambda prompt: prompt.kind)
def test_a_prompt_lies_where_it_was_drawn(area: Any, prompt: Prompt) -> None:
    view = area.views["axial"]
    places, _ = view.overlay.frame().pixels_of(view.plane.geometry.to_patient(np.array(prompt.voxels)))
    ink = np.argwhere(drawn(area, "axial", prompt)[..., 3])[:, ::-1]
    np.testing.assert_allclose(ink.min(axis=0), places.min(axis=0), atol=9)
    np.testing.assert_allclose(ink.max(axis=0), places.max(axis=0), atol=9)


@pytest.mark.parametrize("prompt", [POINT, SCRIBBLE, BOX], ids=lambda prompt: prompt.kind)
def test_what_does_not_belong_has_another_shape(area: Any, prompt: Prompt) -> None:
    yes = drawn(area, "axial", prompt)
    no = drawn(area, "axial", Prompt(prompt.kind, prompt.voxels, belongs=False))
    assert (yes.astype(int).sum(axis=2) > 300).sum() > 1.3 * (no.astype(int).sum(axis=2) > 300).sum()


def test_on_other_slices_and_with_hidden_labels_there_is_none(area: Any, session: Session) -> None:
    elsewhere = Prompt("point", ((11, 20, 18),))
    assert not drawn(area, "axial", elsewhere).any()
    assert drawn(area, "sagittal", POINT).any()
    assert not drawn(area, "sagittal", SCRIBBLE, BOX).any()
    session.view.show_labels = False
    assert not drawn(area, "axial", POINT, SCRIBBLE, BOX).any()
