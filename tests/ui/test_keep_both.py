"""Two models at once: the reader says which findings may lie in which organs, and both keep the voxels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from medseg_app.app.commands.proposals import accept_candidates, run_model
from medseg_app.app.enter_case import enter
from medseg_app.app.session import Session
from medseg_app.core.case import Case
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.engines.model_card import LabelClass
from medseg_app.engines.model_folder_writer import write_model_folder
from tests.engines.tiny_models import TINY, write_tiny_model

from .choose_models import choose_together

SHAPE = (12, 60, 60)
NODE = LabelClass("Node", (40, 40, 220), "instance")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Models of organs (liver, spleen), of tumours, and one of tumours by the name of nodes."""
    folder = tmp_path / "models"
    for name in ("unet", "mask_rcnn"):
        write_tiny_model(folder / name, name)
    weights = write_tiny_model(tmp_path / "x", "mask_rcnn").weights()
    write_model_folder(folder / "nodes", replace(TINY["mask_rcnn"], name="nodes", labels={1: NODE}), weights)
    monkeypatch.setenv("MEDSEG_MODELS", str(folder))
    return folder


@pytest.fixture
def panel(empty_window: Any, place: Path, qtbot: Any) -> Any:
    """The AI panel with an open card, on noise in which the tiny models mark and find a lot."""
    controller = empty_window.controller
    controller.session.settings.device = "cpu"
    geometry = VolumeGeometry.regular(SHAPE, np.diag([3.0, 1.0, 1.0, 1.0]), "1.2")
    noise = np.random.default_rng(5).normal(-300, 300, SHAPE).astype(np.int16)
    enter(controller.session, Case.of(Volume(noise, geometry, "1.2.3", "CT")))
    with qtbot.waitSignal(controller.ai.found, timeout=60_000):
        controller.ai.find_models()
    choose(controller.ai, "tiny-lesions")
    controller.ai.toggle_card()
    return controller.ai


def choose(panel: Any, model: str, *others: str) -> Any:
    """A model and those beside it; the control for what both keep."""
    choose_together(panel, model, *others)
    return panel.together.keep_both


def rows(control: Any) -> list[str]:
    return [control.itemText(place) for place in range(control.count())]


def click(control: Any, row: str) -> None:
    """Open the list, click a row as a mouse does, and close it."""
    control.showPopup()
    view = control.view()
    there = view.visualRect(control.model().index(rows(control).index(row), 0)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=there)
    assert view.isVisible()  # so that a second row can be ticked
    control.hidePopup()


def test_with_one_model_there_is_nothing_to_keep(panel: Any) -> None:
    control = choose(panel, "tiny-lesions")
    assert panel.together.partners.isVisible()
    assert not control.isVisible()
    assert control.within == frozenset()


def test_it_comes_with_the_second_model_and_closes_with_the_card(panel: Any) -> None:
    control = choose(panel, "tiny-lesions", "tiny-organs")
    assert control.isVisible()
    panel.toggle_card()
    assert not control.isVisible()
    panel.toggle_card()
    assert control.isVisible()
    choose(panel, "tiny-lesions")
    assert not control.isVisible()


@pytest.mark.parametrize("order", [("tiny-lesions", "tiny-organs"), ("tiny-organs", "tiny-lesions")])
def test_it_lists_each_finding_in_each_class_and_nothing_is_ticked(panel: Any, order: Any) -> None:
    control = choose(panel, *order)
    assert rows(control) == ["Tumour in Liver", "Tumour in Spleen"]
    assert (control.ticks, control.shown_text, control.within) == ((), "No pair", frozenset())


def test_clicks_tick_rows_and_the_closed_control_names_them(panel: Any) -> None:
    control = choose(panel, "tiny-lesions", "tiny-organs")
    click(control, "Tumour in Spleen")
    assert control.shown_text == "Tumour in Spleen"
    click(control, "Tumour in Liver")
    assert control.shown_text == "2 pairs"
    assert control.accessibleDescription() == "Tumour in Liver, Tumour in Spleen"
    click(control, "Tumour in Spleen")
    assert control.within == {("Tumour", "Liver")}


def test_keys_alone_open_tick_and_close_it(panel: Any, empty_window: Any, qtbot: Any) -> None:
    control = choose(panel, "tiny-lesions", "tiny-organs")
    empty_window.activateWindow()
    qtbot.waitUntil(empty_window.isActiveWindow)
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(empty_window, Qt.Key.Key_K, both)
    qtbot.waitUntil(control.hasFocus)
    QTest.keyClick(control, Qt.Key.Key_Space)
    view = control.view()
    qtbot.waitUntil(view.isVisible)
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert view.isVisible()
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert not view.isVisible()
    assert control.within == {("Tumour", "Spleen")}


def test_ticks_are_known_again_for_the_same_two_models_and_no_others(panel: Any) -> None:
    control = choose(panel, "tiny-lesions", "tiny-organs")
    click(control, "Tumour in Liver")
    choose(panel, "nodes", "tiny-organs")
    assert (rows(control), control.ticks) == (["Node in Liver", "Node in Spleen"], ())
    choose(panel, "tiny-lesions")
    assert control.within == frozenset()
    choose(panel, "tiny-organs", "tiny-lesions")
    assert control.within == {("Tumour", "Liver")}


def both_of(session: Session) -> dict[str, int]:
    """How many voxels of each organ belong to a tumour too, after all that is proposed was accepted."""
    case = session.case
    assert case is not None
    assert case.proposal is not None
    session.run(accept_candidates, numbers=tuple(range(len(case.proposal.candidates))))
    labels = case.segmentation
    tumour, organs = np.zeros(SHAPE, bool), {}
    for segment in labels.segments:
        mask = labels.labels(segment.group) == segment.value
        if segment.kind == "instance":
            tumour |= mask
        else:
            organs[segment.name] = mask
    return {name: int((mask & tumour).sum()) for name, mask in organs.items()}


def test_what_is_ticked_is_asked_and_both_keep_the_voxels(panel: Any, qtbot: Any) -> None:
    session = panel._session
    control = choose(panel, "tiny-lesions", "tiny-organs")
    for row in (None, "Tumour in Liver"):
        enter(session, Case.of(session.case.volume))
        if row:
            click(control, row)
        panel.run_button.click()
        qtbot.waitUntil(lambda: not panel.is_running, timeout=120_000)
        shared = both_of(session)
        assert set(shared) == {"Liver", "Spleen"}
        assert (shared["Liver"] > 0) == bool(row)
        assert shared["Spleen"] == 0


def test_names_that_the_models_do_not_have_are_refused_as_on_the_command_line(panel: Any, qtbot: Any) -> None:
    session = panel._session
    told: list[Any] = []
    session.notices.connect(told.append)
    task = session.start(run_model, model="tiny-organs+tiny-lesions", within=[("Tumour", "Nothing")])
    qtbot.waitUntil(lambda: task.is_over, timeout=60_000)
    assert "has no class Nothing" in told[-1].text
    assert "It has: Liver, Spleen." in told[-1].hint
    assert session.case.proposal is None
