"""Proposals: by score, accepted and rejected by key and by click, hidden below the threshold."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from medseg_app.app.show_proposal import show_proposal, show_so_far
from medseg_app.ui.panels.proposal_delegate import BUTTON
from medseg_app.ui.scripted import pause

from .conftest import proposal


@pytest.fixture
def panel(controller, session):
    session.view.threshold = 0.2
    show_proposal(session, proposal())
    return controller.proposals


def press(window, key, modifier=Qt.KeyboardModifier.NoModifier):
    window.activateWindow()
    window.setFocus()
    pause(0.05)
    QTest.keyClick(window, key, modifier)


def test_candidates_stand_by_score(panel):
    assert panel.model.numbers() == [0, 1, 2]
    assert panel.fact.text() == "3 left"


def test_nothing_proposed_says_how_to_begin(controller):
    assert controller.proposals.empty.isVisible()
    assert "Ctrl+R" in controller.proposals.empty.text()


def test_what_a_running_model_found_is_named_and_cannot_be_decided(controller, session):
    show_so_far(session, session.case, proposal().candidates)
    assert "so far" in controller.proposals.empty.text()
    assert controller.proposals.model.numbers() == []
    show_so_far(session, session.case, ())
    assert "Ctrl+R" in controller.proposals.empty.text()


def test_a_accepts_and_x_rejects_the_selected_one(window, session, panel):
    press(window, Qt.Key.Key_A)
    assert session.case.decisions == {0: "accepted"}
    (segment,) = session.case.segmentation.segments
    assert segment.score == 0.9
    press(window, Qt.Key.Key_X)
    assert session.case.decisions == {0: "accepted", 1: "rejected"}
    assert panel.model.numbers() == [2]
    assert panel.fact.text() == "1 left"


def test_after_a_decision_the_cross_is_on_the_next_one(window, session, panel):
    press(window, Qt.Key.Key_A)
    assert session.view.selected_candidate == 1
    index = session.case.volume.geometry.to_index(session.view.cursor_lps)
    np.testing.assert_allclose(index, (7, 21, 31), atol=1e-6)


def test_the_signs_of_a_row_decide(session, panel):
    pause(0.05)
    rect = panel.list.visualRect(panel.model.index_of(2))
    place = QPoint(rect.right() - BUTTON - 12, rect.center().y())
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert session.case.decisions == {2: "accepted"}
    rect = panel.list.visualRect(panel.model.index_of(1))
    QTest.mouseClick(
        panel.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(rect.right() - 10, rect.center().y())
    )
    assert session.case.decisions == {2: "accepted", 1: "rejected"}


def test_the_threshold_hides_what_is_below_and_accept_all_leaves_it(session, panel):
    panel.threshold.setValue(50)
    pause(0.2)
    assert session.view.threshold == 0.5
    assert panel.model.numbers() == [0, 1]
    assert panel.accept_all.text() == "Accept all 2"
    QTest.mouseClick(panel.accept_all, Qt.MouseButton.LeftButton)
    assert session.case.decisions == {0: "accepted", 1: "accepted"}
    assert session.case.history.names[-1] == "Accept 2 segments"
    assert panel.fact.text() == "1 left"
    assert "1 below" in panel.empty.text()


def test_tab_goes_round(session, controller, panel):
    seen = []
    for _ in range(4):
        controller.actions["next_finding"].trigger()
        seen.append(session.view.selected_candidate)
    assert seen == [1, 2, 0, 1]
    controller.actions["previous_finding"].trigger()
    assert session.view.selected_candidate == 0


def test_undo_brings_a_proposal_back(controller, session, panel):
    panel.decide(0, "accept")
    controller.actions["undo"].trigger()
    assert session.case.decisions == {}
    assert panel.model.numbers() == [0, 1, 2]


def test_a_decision_moves_no_control(panel, session):
    pause(0.05)
    before = panel.accept.mapToGlobal(QPoint(0, 0))
    panel.decide(0, "accept")
    pause(0.05)
    assert panel.accept.mapToGlobal(QPoint(0, 0)) == before


def test_the_last_rejection_can_be_taken_back(window, session, panel):
    press(window, Qt.Key.Key_X)
    press(window, Qt.Key.Key_X)
    assert panel.model.numbers() == [2]
    press(window, Qt.Key.Key_X, Qt.KeyboardModifier.ShiftModifier)
    assert panel.model.numbers() == [1, 2]
    assert session.view.selected_candidate == 1


def test_a_model_that_found_nothing_says_so_in_the_panel(session, panel):
    from medseg_app.core.proposal import ModelIdentity, Proposal

    show_proposal(session, Proposal("1.2.3.4", (), ModelIdentity("test-model", "1", "00")))
    assert panel.empty.text() == "test-model found nothing on this series."
    assert not panel.accept.isVisible()


def test_proposals_that_share_a_name_are_numbered(session, panel):
    from dataclasses import replace

    given = proposal()
    show_proposal(
        session, replace(given, candidates=tuple(replace(c, name="Lesion") for c in given.candidates))
    )
    names = [panel.model.index(row).data().partition(",")[0] for row in range(3)]
    assert names == ["Lesion 1", "Lesion 2", "Lesion 3"]


def test_an_accepted_proposal_keeps_the_name_that_was_read(session, panel):
    from dataclasses import replace

    given = proposal()
    shared = tuple(replace(found, name="Lesion") for found in given.candidates)
    show_proposal(session, replace(given, candidates=shared))
    panel.decide(1, "accept")
    (segment,) = session.case.segmentation.segments
    assert segment.name == "Lesion 2"
    assert session.case.history.undo_name == "Accept Lesion 2"


def test_what_is_proposed_scrolls_into_view_under_an_open_card(window, controller, session, qtbot):
    ai, panel = controller.ai, controller.proposals
    with qtbot.waitSignal(ai.found, timeout=60_000):
        ai.find_models()
    window.resize(1280, 640)
    ai.toggle_card()
    window.right.verticalScrollBar().setValue(0)
    pause(0.1)
    assert panel.visibleRegion().boundingRect().height() < panel.height(), "the card takes the room"
    show_so_far(session, session.case, proposal().candidates)
    show_proposal(session, proposal())
    show_so_far(session, session.case, ())
    qtbot.waitUntil(lambda: not panel.accept.visibleRegion().isEmpty(), timeout=2000)
    window.right.verticalScrollBar().setValue(0)
    panel.decide(0, "accept")
    pause(0.1)
    assert window.right.verticalScrollBar().value() == 0, "only once: a decision moves nothing"


def test_all_that_a_model_proposes_is_listed_at_first(controller, session):
    assert session.view.threshold == 0.0
    show_proposal(session, proposal())
    assert min(one.score for one in session.case.proposal.candidates) < 0.5
    assert controller.proposals.model.numbers() == [0, 1, 2]
    assert controller.proposals.threshold_text.text() == "0.00"
