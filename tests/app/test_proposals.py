"""Proposals never touch what was accepted or painted; deciding is one step that undo takes back."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

from medseg_app.app.commands.case import redo, undo
from medseg_app.app.commands.open import open_labels
from medseg_app.app.commands.proposals import (
    accept_candidate,
    accept_candidates,
    clear_proposal,
    jump_to_candidate,
    open_candidates,
    reject_candidate,
    reopen_candidate,
    run_model,
)
from medseg_app.app.commands.segments import toggle_lock
from medseg_app.app.show_proposal import show_proposal, show_so_far
from medseg_app.core.box import Box
from medseg_app.core.errors import EngineError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.proposal import Candidate, ModelIdentity, Proposal
from medseg_app.core.segment import Segment

from .test_session import paint


def finding(start, score, size=(4, 8, 8), name="Tumour", kind="instance"):
    box = Box.of(start, np.add(start, size))
    return Candidate(name, 1, box, np.ones(box.shape, bool), kind, score)


@pytest.fixture
def proposed(session):
    found = finding((1, 2, 3), 0.9), finding((4, 16, 18), 0.7), finding((7, 28, 30), 0.3)
    show_proposal(session, Proposal("1.2.3.4", found, ModelIdentity("m", "2.0", "ab" * 32)))
    session.view.threshold = 0.5
    return session


def test_nothing_changes_before_something_is_accepted(proposed):
    assert proposed.case.segmentation.segments == ()
    assert not proposed.case.segmentation.labels().any()
    assert open_candidates(proposed) == [0, 1], "0.3 is below the threshold"
    proposed.view.threshold = 0.2
    assert open_candidates(proposed) == [0, 1, 2]


def test_an_accepted_finding_is_a_segment_that_knows_its_model(proposed):
    number = proposed.run(accept_candidate, number=1)
    segment = proposed.case.segmentation.segment(number)
    assert proposed.case.segmentation.voxel_count(number) == 4 * 8 * 8
    assert (segment.score, segment.kind) == (0.7, "instance")
    made_by = segment.provenance
    assert (made_by.source, made_by.model, made_by.model_version) == ("model", "m", "2.0")
    assert made_by.algorithm_type == "AUTOMATIC"
    assert not proposed.case.segmentation.human().any(), "a model decides for no reader"


def test_accepting_is_one_step_and_undo_brings_the_proposal_back(proposed):
    proposed.run(accept_candidates, numbers=(0, 1))
    assert open_candidates(proposed) == []
    assert len(proposed.case.history.names) == 1
    proposed.run(undo)
    assert open_candidates(proposed) == [0, 1]
    assert proposed.case.segmentation.segments == ()
    proposed.run(redo)
    assert open_candidates(proposed) == []
    assert len(proposed.case.segmentation.segments) == 2


def test_rejected_findings_are_set_aside_and_can_come_back(proposed):
    proposed.run(reject_candidate, number=0)
    assert open_candidates(proposed) == [1]
    assert proposed.view.selected_candidate == 1
    proposed.run(reopen_candidate, number=0)
    assert open_candidates(proposed) == [0, 1]


def test_what_a_reader_erased_stays_erased(proposed):
    first = proposed.run(accept_candidate, number=1)
    proposed.view.active_segment = first
    proposed.view.brush_mm = 6.0
    paint(proposed, (5, 20, 22), tool="eraser")
    erased = proposed.case.segmentation.human() == 2
    assert erased.any()
    again = Proposal("1.2.3.4", (finding((4, 16, 18), 0.8),), ModelIdentity("m", "2.0", "ab"))
    show_proposal(proposed, again)
    proposed.run(accept_candidate, number=0)
    held = proposed.case.segmentation.labels(0)[erased]
    assert not held.any()


def test_a_corrected_finding_is_the_work_of_both(proposed):
    number = proposed.run(accept_candidate, number=1)
    proposed.view.brush_mm = 3.0
    paint(proposed, (5, 20, 22))
    assert proposed.case.segmentation.segment(number).provenance.algorithm_type == "AUTOMATIC", "confirmed"
    proposed.view.brush_mm = 16.0
    paint(proposed, (5, 20, 22))
    assert proposed.case.segmentation.segment(number).provenance.algorithm_type == "SEMIAUTOMATIC"
    proposed.run(undo)
    assert proposed.case.segmentation.segment(number).provenance.algorithm_type == "AUTOMATIC"


def test_overlapping_findings_keep_all_their_voxels_in_groups(session):
    found = finding((1, 2, 3), 0.9), finding((2, 4, 5), 0.8)
    show_proposal(session, Proposal("1.2.3.4", found, ModelIdentity("m", "1", "")))
    numbers = session.run(accept_candidates, numbers=(0, 1))
    assert [session.case.segmentation.voxel_count(n) for n in numbers] == [256, 256]
    assert session.case.segmentation.groups == 2


def test_a_locked_segment_loses_nothing_to_a_model(session):
    paint(session, (3, 6, 7))
    session.run(toggle_lock, segment_id=1)
    before = session.case.segmentation.mask(1)
    show_proposal(session, Proposal("1.2.3.4", (finding((1, 2, 3), 0.9),), ModelIdentity("m", "1", "")))
    session.run(accept_candidate, number=0)
    assert np.array_equal(session.case.segmentation.mask(1), before)


def test_a_click_on_a_proposal_moves_the_cross_into_it(proposed):
    proposed.run(jump_to_candidate, number=1)
    index = proposed.case.volume.geometry.to_index(proposed.view.cursor_lps)
    assert np.allclose(index, (5, 19, 21)), "on a voxel, so that every view agrees which slice it is"


def test_clearing_keeps_what_was_accepted(proposed):
    proposed.run(accept_candidate, number=0)
    proposed.run(clear_proposal)
    assert proposed.case.proposal is None
    assert len(proposed.case.segmentation.segments) == 1


def test_a_mask_file_comes_onto_the_open_series_as_segments(session, tmp_path):
    from medseg_app.io.nifti import write_labels

    geometry = session.case.volume.geometry
    voxels = np.zeros(geometry.shape, np.uint8)
    voxels[2:5, 10:20, 10:20] = 3
    voxels[6:8, 25:30, 30:40] = 7
    segments = (Segment(1, "a", 3), Segment(2, "b", 7))
    write_labels(LabelMap((voxels,), geometry, segments), tmp_path / "mask.nii.gz")
    made = session.run(open_labels, path=tmp_path / "mask.nii.gz")
    assert [session.case.segmentation.voxel_count(n) for n in made] == [300, 100]
    assert np.array_equal(session.case.segmentation.labels() > 0, voxels > 0)
    assert session.case.segmentation.segment(made[0]).provenance.file == "mask.nii.gz"
    assert session.case.history.names == ("Import mask.nii.gz",)


def test_what_a_running_model_found_is_seen_and_not_offered(session):
    seen = []
    session.changed.connect(lambda change: seen.append((change.kinds, session.case.so_far)))
    found = (finding((1, 2, 3), 0.9),)
    show_so_far(session, session.case, found)
    assert open_candidates(session) == []
    show_so_far(session, session.case, ())
    show_so_far(session, session.case, ())
    assert seen == [({"proposal"}, found), ({"proposal"}, ())], "nothing is told twice"


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_found_so_far_goes_when_the_run_is_over(session, monkeypatch, fails):
    shown = []

    def propose(model, volume, request, device, progress, show):
        assert request.focus_lps == session.view.cursor_lps
        show((finding((1, 2, 3), 0.4),))
        shown.append(session.case.so_far)
        if fails:
            raise EngineError("It stopped.", "Run it again.")
        return Proposal(volume.id, (finding((1, 2, 3), 0.9),), ModelIdentity("m", "1", ""))

    monkeypatch.setattr(session.engines, "propose", propose)
    with pytest.raises(EngineError) if fails else nullcontext():
        session.run(run_model, model="demo-lesions")
    assert [candidate.score for candidate in shown[0]] == [0.4]
    assert session.case.so_far == ()
    assert (session.case.proposal is None) == fails


def test_what_is_proposed_never_has_the_colour_of_another_class(session):
    orange, mask = (213, 94, 0), np.ones((1, 2, 2), bool)
    with session.step("Add") as writer:
        writer.put_segment(Segment(1, "Soft tissue", 1, colour=orange))
    found = [
        Candidate(name, 1, Box((1, 4, 4), (2, 6, 6)), mask, kind="instance", score=0.9, colour=orange)
        for name in ("Tumour 1", "Tumour 2")
    ]
    show_so_far(session, session.open(), tuple(found))
    show_proposal(session, Proposal("x", tuple(found), ModelIdentity("m", "1", "")))
    for candidates in (session.case.so_far, session.case.proposal.candidates):
        (colour,) = {candidate.colour for candidate in candidates}
        assert colour != orange
    with session.step("Rename") as writer:
        writer.put_segment(Segment(1, "Tumour 3", 1, colour=orange, kind="instance"))
    show_proposal(session, Proposal("x", tuple(found), ModelIdentity("m", "1", "")))
    assert {candidate.colour for candidate in session.case.proposal.candidates} == {orange}, (
        "of its own class"
    )
