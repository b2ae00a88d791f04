"""The AI panel: the card in a reader's words, what does not fit, run, progress and stop."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication

from medseg_app.app import first_cost
from medseg_app.app.run_costs import in_words
from medseg_app.app.tasks import Task
from medseg_app.core.case import Case
from medseg_app.core.errors import ModelError
from medseg_app.core.proposal import Cost, ModelIdentity, Proposal
from medseg_app.engines.backend import REFERENCE, Backend
from medseg_app.engines.model_card import LabelClass, ModelCard, ModelGrid, Network
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.registry import ModelSearch
from medseg_app.ui import theme
from medseg_app.ui.panels import warm_model
from medseg_app.ui.panels.model_card_view import card_lines, computed_by
from medseg_app.ui.panels.model_figures import figure_lines, figures_in_words

from .choose_models import choose_together
from .conftest import enter, oblique_volume


def card(name="demo-lesions", modality=("CT",), **more) -> ModelCard:
    values = {
        "name": name,
        "version": "1.0",
        "engine": "mask_rcnn",
        "task": "instance",
        "modality": modality,
        "licence": "Apache-2.0",
        "labels": {1: LabelClass("Lesion", (230, 159, 0), "instance")},
        "network": Network("mask_rcnn", {}),
        "figures": {"validation": {"recall": 0.91, "cases": 20}},
        "summary": "Finds lesions of phantoms. Demonstration only.",
        "size": 7_900_000,
    }
    return ModelCard(**{**values, **more})


@pytest.fixture
def panel(controller):
    found = [card(), card("sarcoma", ("MR",), summary="Finds soft-tissue sarcoma.")]
    panel = controller.ai
    panel._on_found(ModelSearch(tuple(ModelFolder(Path(c.name), c, {}) for c in found), ()))
    return panel


def test_the_card_speaks_of_use_licence_and_figures():
    lines = dict(card_lines(card()))
    assert "Lesion" in lines["Does"]
    assert lines["Images"] == "CT"
    assert lines["Licence"] == "Apache-2.0"
    assert "recall 0.91" in lines["Tested"]


def test_the_card_says_how_close_exact_and_fast_come_to_the_reference():
    exact = Backend("cpu", "exact", "OpenVINO in float32", 4, 0.9999, 0.9998, None, 2.0, 300.0, 1.0, 100.0)
    fast = replace(exact, precision="fast", by="OpenVINO in bfloat16", dice=0.9921)
    told = dict(card_lines(card(backends=(exact, fast))))["Precision"].splitlines()
    assert told == [
        "Exact on the processor: Dice 0.9999 to the reference.",
        "Fast on the processor (bfloat16): Dice 0.9921 to the reference.",
    ]
    far = dict(card_lines(card(backends=(replace(fast, dice=0.9731),))))["Precision"]
    assert far == (
        "Fast on the processor (bfloat16): gives the same as exact, "
        "because Dice 0.9731 to the reference is too low."
    )
    assert computed_by((exact,)) == "Exact on the processor: OpenVINO in float32"
    torch, nothing = replace(exact, by=REFERENCE), replace(exact, dice=None)
    told = dict(card_lines(card(backends=(torch, nothing))))["Precision"].splitlines()
    assert told == [
        "Exact on the processor: the reference itself.",
        "Exact on the processor: neither it nor the reference found anything to compare.",
    ]


def test_before_the_first_run_the_card_tells_what_it_takes(panel, session, monkeypatch):
    line = Backend("cpu", "exact", REFERENCE, 4, 1.0, 1.0, None, 40.0, 300.0, 100.0, 50.0)
    monkeypatch.setattr(first_cost, "processor_gflops", lambda: 100.0)
    session.settings.device = "cpu"
    known = card(backends=(line,), summary="Finds lesions.", grid=ModelGrid(""))
    panel._on_found(ModelSearch((ModelFolder(Path("m"), known, {}),), ()))
    expected = 40.0 * session.case.volume.voxels.size / 1e6 / 2
    told = in_words(Cost(expected, 300.0))
    assert panel.cost.text() == f"By its card, takes {told}"
    assert panel.cost.isVisible()
    assert panel.summary.text() == "Finds lesions."


def test_figures_are_flattened():
    assert figure_lines({"ct": {"whole": {"recall": 0.5}}, "n": 3}) == ["ct whole recall 0.50", "n 3"]


def test_figures_of_organs_are_told_in_words():
    classes = {"Liver": {"dice": 0.951}, "Larynx": {"dice": 0.0}}
    assert figures_in_words({"patients": 20, "classes": classes}) == (
        "Dice on 20 patients it never saw: Liver 0.95.\nDoes not find: Larynx."
    )


def test_figures_of_lesions_are_told_in_words():
    whole = {"model": {"recall": 0.958, "false_positives_per_image": 3.67}}
    assert figures_in_words({"CT": {"patients": 6, "whole": whole}}) == (
        "CT, 6 patients it never saw: finds 96 % of the lesions, 3.7 wrong ones per image."
    )


def test_while_models_are_looked_for_nothing_can_be_run(controller):
    assert not controller.ai.run_button.isEnabled()
    assert controller.ai.summary.text() == "Looking for models"
    assert controller.ai.run_button.toolTip() == "Looking for models\nRun the chosen model (Ctrl+R)"


def test_a_model_that_can_run_says_so_and_no_more(panel):
    assert panel.run_button.toolTip() == "Run the chosen model (Ctrl+R)"


def test_a_model_for_these_images_is_chosen_and_marked_as_demonstration(panel):
    assert panel.chosen.name == "demo-lesions"
    assert panel.run_button.isEnabled()
    assert panel.summary.text() == "For demonstration only"
    assert panel.mark.isVisible()


def test_a_model_for_other_images_cannot_run_and_says_why(panel):
    panel.choice.setCurrentIndex(1)
    assert not panel.run_button.isEnabled()
    assert panel.summary.text() == "Made for MR; this series is CT."


def test_the_card_opens_in_place(panel):
    assert not panel.card.isVisible()
    panel.toggle_card()
    assert panel.card.isVisible()


def test_while_it_looks_for_models_it_says_so(controller):
    assert controller.ai.summary.text() == "Looking for models"


def test_without_models_the_panel_says_so(controller):
    controller.ai._on_found(ModelSearch((), ()))
    assert controller.ai.summary.text() == "No model; download one (Ctrl+Shift+D)."
    assert not controller.ai.run_button.isEnabled()


def test_a_refused_model_folder_is_told(controller, window):
    error = ModelError("A file was changed.", "Get the model again.")
    controller.ai._on_found(ModelSearch((), ((Path("models/bad"), error),)))
    assert "bad" in window.banner.text


def test_running_shows_progress_and_can_be_stopped(panel, session, monkeypatch):
    task = Task("Run demo-lesions")
    started = []

    def start(command, **more):
        started.append((command.__name__, more))
        return task

    monkeypatch.setattr(session, "start", start)
    panel.run()
    assert started == [("run_model", {"model": "demo-lesions", "within": frozenset()})]
    assert panel.stop_button.isVisible()
    assert not panel.run_button.isVisible()
    task.fraction, task.message = 0.5, "Slice 20 of 44"
    session.tasks.changed.emit(task)
    assert panel.bar.value() == 500
    assert panel.summary.text().startswith("Slice 20 of 44")
    panel.stop()
    assert task.is_cancelled
    task.state = "cancelled"
    session.tasks.changed.emit(task)
    assert panel.run_button.isVisible()
    assert not panel.bar.isVisible()


def test_a_run_teaches_what_the_next_one_takes(panel, session, monkeypatch):
    task = Task("Run demo-lesions")
    monkeypatch.setattr(session, "start", lambda command, **more: task)
    panel.run()
    task.state = "done"
    model = ModelIdentity("demo-lesions", "1", "")
    cost = Cost(60.0, 1200.0)
    session.settings.device = "cpu"
    task.value = Proposal(session.case.volume.id, (), model, cost=cost)
    session.tasks.changed.emit(task)
    assert panel.cost.text() == "Takes about 60 s and 1.2 GB of memory"
    assert panel.summary.text() == "For demonstration only"


def test_a_model_of_organs_and_one_of_findings_run_together(panel, controller, monkeypatch):
    organs = card("organs", task="semantic", labels={1: LabelClass("Liver", (1, 2, 3))})
    found = [card(), card("sarcoma", ("MR",)), organs]
    panel._on_found(ModelSearch(tuple(ModelFolder(Path(c.name), c, {}) for c in found), ()))
    panel.choice.setCurrentIndex(0)
    assert partners(panel) == ["organs"]
    assert panel.together.partners.shown_text == "No other model"
    assert panel.model_name == "demo-lesions"
    choose_together(panel, "demo-lesions", "organs")
    started = {}
    monkeypatch.setattr(controller.session, "start", lambda run, **how: started.update(how))
    panel.run()
    assert started == {"model": "demo-lesions+organs", "within": frozenset()}
    panel.choice.setCurrentIndex(1)
    assert partners(panel) == []
    assert panel.model_name == "sarcoma"


def partners(panel):
    rows = panel.together.partners
    return [rows.itemText(n) for n in range(rows.count())]


def test_models_that_find_the_same_run_together_and_stay_ticked(panel):
    organs = card("organs", task="semantic", labels={1: LabelClass("Liver", (1, 2, 3))})
    found = [card(), card("second"), card("third"), card("sarcoma", ("MR",)), organs]
    panel._on_found(ModelSearch(tuple(ModelFolder(Path(c.name), c, {}) for c in found), ()))
    panel.toggle_card()
    choose_together(panel, "demo-lesions", "second", "third")
    assert partners(panel) == ["second", "third", "organs"]
    assert panel.together.partners.shown_text == "2 models"
    assert not panel.together.keep_both.isVisible()  # there is no organ
    panel.choice.setCurrentIndex(panel.choice.findText("second"))
    assert panel.model_name == "second+third"
    choose_together(panel, "second", "third", "organs")
    assert panel.together.keep_both.isVisible()


def test_only_models_that_read_the_open_series_run_with_another(panel, session):
    """Organs that are known on CT only stayed ticked on MR, where the run then failed."""
    organs = card("organs", task="semantic", labels={1: LabelClass("Liver", (1, 2, 3))})
    found = [card("both", ("CT", "MR")), card("second", ("MR", "CT")), organs]
    panel._on_found(ModelSearch(tuple(ModelFolder(Path(c.name), c, {}) for c in found), ()))
    choose_together(panel, "both", "second", "organs")
    session.release_case(forget_unsaved=True)
    assert panel.model_name == "both+second+organs"
    enter(session, Case.of(oblique_volume("MR")))
    assert partners(panel) == ["second"]
    assert panel.model_name == "both+second"
    panel.choice.setCurrentIndex(
        panel.choice.findText("organs")
    )  # its card may be read, and what it goes with
    assert partners(panel) == ["both", "second"]


def test_what_is_ticked_stays_when_a_model_comes_and_goes_with_its_model(panel):
    """An import or the end of a training took all ticks away."""
    found = [card(), card("second"), card("third"), card("fourth")]
    panel._on_found(ModelSearch(tuple(ModelFolder(Path(c.name), c, {}) for c in found), ()))
    choose_together(panel, "second", "third", "fourth")
    panel._keep_choice()
    found.insert(0, card("another"))
    panel._on_found(ModelSearch(tuple(ModelFolder(Path(c.name), c, {}) for c in found), ()))
    assert panel.model_name == "second+third+fourth"
    panel._on_found(ModelSearch(tuple(ModelFolder(Path(c.name), c, {}) for c in found[:-1]), ()))
    assert panel.model_name == "second+third"
    assert panel.together.partners.shown_text == "third"


def come_with_the_mouse(panel) -> None:
    there = QPointF(5, 5)
    QApplication.sendEvent(panel, QEnterEvent(there, there, there))


def test_a_mouse_that_comes_to_the_panel_warms_the_chosen_model_up_once(panel, session, qtbot, monkeypatch):
    asked = []
    monkeypatch.setattr(warm_model, "warm_up", lambda session, model: partial(asked.append, model))
    come_with_the_mouse(panel)
    come_with_the_mouse(panel)
    qtbot.waitUntil(lambda: bool(asked))
    session.settings.precision = "fast"
    come_with_the_mouse(panel)
    qtbot.waitUntil(lambda: len(asked) == 2)
    panel.choice.setCurrentIndex(1)  # made for MR; the series is CT
    come_with_the_mouse(panel)
    qtbot.wait(50)
    assert asked == ["demo-lesions", "demo-lesions"]


def test_a_run_that_did_not_end_well_warms_up_again(panel, session, qtbot, monkeypatch):
    asked = []
    monkeypatch.setattr(warm_model, "warm_up", lambda session, model: partial(asked.append, model))
    come_with_the_mouse(panel)
    qtbot.waitUntil(lambda: len(asked) == 1)
    panel._task = task = Task("Run")
    task.state = "cancelled"
    panel._on_task(task)
    come_with_the_mouse(panel)
    qtbot.waitUntil(lambda: len(asked) == 2)


def test_models_for_other_images_stand_in_grey_and_say_why(panel):
    def grey(place):
        return panel.choice.itemData(place, Qt.ItemDataRole.ForegroundRole)

    assert grey(0) is None
    assert grey(1).name() == theme.DISABLED.lower()
    assert panel.choice.itemData(1, Qt.ItemDataRole.ToolTipRole) == "Made for MR; this series is CT."
    assert panel.choice.itemData(0, Qt.ItemDataRole.ToolTipRole) == card().summary


def test_a_network_that_marks_voxels_of_findings_is_said_to_find_them():
    assert dict(card_lines(card(task="semantic")))["Does"] == "Finds single lesions: Lesion"
    liver = card(task="semantic", labels={1: LabelClass("Liver", (1, 2, 3))})
    assert dict(card_lines(liver))["Does"] == "Marks organs and tissues: Liver"
