"""Clicks, scribbles and boxes reach nnInteractive in the voxels under them; its answer is a proposal."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_app.app.commands.prompts import show_to_model, undo_prompt
from medseg_app.app.commands.proposals import accept_candidate
from medseg_app.app.prompting import shown_prompts
from medseg_app.app.show_proposal import show_proposal
from medseg_app.core.box import Box
from medseg_app.core.errors import WrongUse
from medseg_app.core.prompt import Prompt
from medseg_app.core.proposal import Candidate, ModelIdentity, Proposal
from medseg_app.engines.package_models import NotInstalled
from tests.engines.nninteractive.conftest import fake  # noqa: F401 - a fixture

from .test_session import paint

POINT = Prompt("point", ((5, 20, 21),))
OTHER = Prompt("point", ((5, 30, 10),), belongs=False)


@pytest.fixture
def asked(session, monkeypatch):
    """What the model was asked; it answers a block of voxels for each prompt."""
    requests = []

    def propose(model, volume, request, device, progress, show):
        requests.append(request.prompts)
        box = Box((1, 1, 1), (2, 2, 2 + len(request.prompts)))
        candidate = Candidate("Object", 1, box, np.ones(box.shape, bool))
        identity = ModelIdentity(model.card.name, "2.6.0", "ab" * 32)
        return Proposal(volume.id, (candidate,), identity, prompts=request.prompts)

    monkeypatch.setattr(session.engines, "propose", propose)
    return requests


@pytest.fixture
def installed(fake, folders):  # noqa: F811
    fake.add_weights()
    return fake


def wait(session):
    for task in list(session.tasks.running):
        assert task.finished.wait(20)


def test_a_click_is_a_point_in_its_voxel(installed, session, asked):
    paint(session, (5, 20, 21), tool="prompt")
    wait(session)
    assert asked == [(Prompt("point", ((5, 20, 21),)),)]
    assert session.case.proposal.prompts == asked[0]
    assert not session.case.segmentation.segments, "nothing is marked before it is accepted"


def test_ctrl_says_that_it_does_not_belong(installed, session, asked):
    paint(session, (5, 20, 21), tool="prompt", axis=1, modifiers=frozenset({"Control"}))
    wait(session)
    assert asked == [(Prompt("point", ((5, 20, 21),), belongs=False, axis=1),)]


def test_shift_draws_a_box_in_the_slice(installed, session, asked):
    paint(session, (5, 20, 21), (9, 28, 21), tool="prompt", axis=2, modifiers=frozenset({"Shift"}))
    wait(session)
    assert asked == [(Prompt("box", ((5, 20, 21), (9, 28, 21)), axis=2),)]


def test_a_box_that_leaves_the_volume_ends_at_its_edge(installed, session, asked):
    paint(session, (5, 20, 21), (5, 60, -9), tool="prompt", modifiers=frozenset({"Shift"}))
    wait(session)
    assert asked[0][0].voxels == ((5, 20, 21), (5, 39, 0))


def test_a_drag_is_a_scribble_without_gaps(installed, session, asked):
    paint(session, (5, 20, 10), (5, 20, 20), (5, 26, 20), tool="prompt")
    wait(session)
    ((scribble,),) = asked
    assert scribble.kind == "scribble"
    assert set(scribble.voxels) == {(5, 20, i) for i in range(10, 21)} | {(5, j, 20) for j in range(20, 27)}


def test_a_prompt_is_seen_while_it_is_drawn(installed, session, asked):
    seen = []
    session.changed.connect(lambda change: seen.append(session.gestures.prompt))
    paint(session, (5, 20, 10), (5, 20, 20), tool="prompt")
    wait(session)
    assert seen[0].kind == "scribble"
    assert session.gestures.prompt is None


def test_a_press_outside_the_volume_shows_nothing(installed, session, asked):
    paint(session, (5, -20, 21), tool="prompt")
    wait(session)
    assert not asked


def test_prompts_add_up_until_the_answer_is_decided(installed, session, asked):
    session.run(show_to_model, prompt=POINT)
    session.run(show_to_model, prompt=OTHER)
    assert asked == [(POINT,), (POINT, OTHER)]
    number = session.run(accept_candidate, number=0)
    made_by = session.case.segmentation.segment(number).provenance
    assert (made_by.source, made_by.model) == ("model", "nninteractive")
    session.run(show_to_model, prompt=OTHER)
    assert asked[2:] == [(OTHER,)]
    assert session.case.segmentation.voxel_count(number) == 3


@pytest.mark.parametrize("fails", [False, True])
def test_prompts_are_seen_while_the_model_works_and_until_the_answer_is_decided(
    installed, session, monkeypatch, fails
):
    seen = []

    def propose(model, volume, request, device, progress, show):
        seen.append(shown_prompts(session.case))
        if fails:
            raise WrongUse("No answer.", "Try again.")
        box = Box((1, 1, 1), (2, 2, 2))
        identity = ModelIdentity("nninteractive", "2.6.0", "ab" * 32)
        found = (Candidate("Object", 1, box, np.ones(box.shape, bool)),)
        return Proposal(volume.id, found, identity, prompts=request.prompts)

    monkeypatch.setattr(session.engines, "propose", propose)
    if fails:
        with pytest.raises(WrongUse):
            session.run(show_to_model, prompt=POINT)
        assert (seen, shown_prompts(session.case)) == ([(POINT,)], ())
        return
    session.run(show_to_model, prompt=POINT)
    assert (seen, shown_prompts(session.case)) == ([(POINT,)], (POINT,))
    session.run(accept_candidate, number=0)
    assert shown_prompts(session.case) == ()


def test_the_last_prompt_can_be_taken_back(installed, session, asked):
    session.run(show_to_model, prompt=POINT)
    session.run(show_to_model, prompt=OTHER)
    session.run(undo_prompt)
    assert session.case.proposal.prompts == (POINT,)
    session.run(undo_prompt)
    assert session.case.proposal is None
    with pytest.raises(WrongUse, match="no prompt"):
        session.run(undo_prompt)


def test_proposals_of_another_model_are_not_replaced_by_a_click(installed, session, asked):
    candidate = Candidate("Liver", 1, Box((0, 0, 0), (1, 1, 1)), np.ones((1, 1, 1), bool))
    show_proposal(session, Proposal("1.2.3.4", (candidate,), ModelIdentity("organs", "1", "ab" * 32)))
    with pytest.raises(WrongUse, match="Proposals of organs wait"):
        session.run(show_to_model, prompt=POINT)
    assert session.case.proposal.model.name == "organs"


def test_without_the_package_the_tool_says_how_to_install_it(session, monkeypatch):
    monkeypatch.setattr("medseg_app.engines.nninteractive.models._is_installed", lambda module: False)
    notices = []
    session.notices.connect(notices.append)
    paint(session, (5, 20, 21), tool="prompt")
    wait(session)
    (notice,) = notices
    assert "nnInteractive is not installed" in notice.text
    assert 'pip install "medseg[nninteractive]"' in notice.hint
    with pytest.raises(NotInstalled):
        session.run(show_to_model, prompt=POINT)


def test_the_whole_way_through_the_worker(installed, session):
    session.settings.device = "cpu"
    paint(session, (5, 20, 21), tool="prompt")
    wait(session)
    (candidate,) = session.case.proposal.candidates
    place = np.array((5, 20, 21))
    marked = np.argwhere(candidate.mask) + candidate.box.start
    assert np.abs(marked - place).sum(axis=1).max() <= 4
    assert (session.case.volume.voxels[tuple(marked.T)] > 0).all()
    assert installed.told("point") == [["point", [[5, 20, 21], True]]]
