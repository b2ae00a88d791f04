"""Strokes, undo, save and reopen, as the window does them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medseg_app.app.commands.case import close_case, redo, save_case, undo
from medseg_app.app.commands.measure import add_ruler, delete_rulers
from medseg_app.app.commands.open import open_case
from medseg_app.app.commands.segments import (
    add_segment,
    change_segment,
    delete_segment,
    duplicate_segment,
    merge_segments,
    toggle_lock,
)
from medseg_app.app.enter_case import enter
from medseg_app.app.session import Session
from medseg_app.core.case import Case
from medseg_app.core.errors import CaseError, WrongUse
from medseg_app.core.label_edit import HUMAN_NO, LabelPatch
from medseg_app.tools.contract import PointerEvent


def at(session, k, j, i, axis=0, **more):
    position = session.case.volume.geometry.to_patient((k, j, i)).tolist()
    return PointerEvent(tuple(position), axis, (k, j, i)[axis], **more)


def paint(session, *indices, axis=0, tool="brush", **more):
    session.view.tool = tool
    session.gestures.press(at(session, *indices[0], axis=axis, **more))
    for index in indices[1:]:
        session.gestures.move(at(session, *index, axis=axis, **more))
    session.gestures.release(at(session, *indices[-1], axis=axis, **more))


def disc_by_hand(geometry, centre, radius_mm, axis):
    """Voxels of one plane of the array within a radius, one by one."""
    index = np.indices(geometry.shape).reshape(3, -1).T
    index = index[index[:, axis] == centre[axis]]
    distance = np.linalg.norm(geometry.to_patient(index) - geometry.to_patient(centre), axis=1)
    mask = np.zeros(geometry.shape, bool)
    mask[tuple(index[distance <= radius_mm].T)] = True
    return mask


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_dab_is_round_on_the_patient_in_every_plane(session, axis):
    session.view.brush_mm = 8.0
    paint(session, (5, 20, 21), axis=axis)
    expected = disc_by_hand(session.case.volume.geometry, (5, 20, 21), 4.0, axis)
    assert expected.sum() > 10
    assert np.array_equal(session.case.segmentation.labels() > 0, expected)


def test_a_ball_reaches_the_neighbouring_slices(session):
    session.view.brush_3d = True
    session.view.brush_mm = 10.0
    paint(session, (5, 20, 21))
    g = session.case.volume.geometry
    index = np.indices(g.shape).reshape(3, -1).T
    near = np.linalg.norm(g.to_patient(index) - g.to_patient((5, 20, 21)), axis=1) <= 5.0
    assert np.array_equal(session.case.segmentation.labels().ravel() > 0, near)


def test_a_fast_stroke_has_no_holes(session):
    session.view.brush_mm = 3.0
    paint(session, (5, 10, 5), (5, 10, 40))
    row = session.case.segmentation.labels()[5, 10, 5:41]
    assert row.all()


def test_segment_and_first_stroke_are_one_step(session):
    paint(session, (5, 20, 21))
    assert session.case.history.names == ("Brush",)
    session.run(undo)
    assert session.case.segmentation.segments == ()
    assert not session.case.segmentation.labels().any()
    session.run(redo)
    assert session.case.segmentation.voxel_count(1) > 0


def test_erasing_nothing_makes_no_step(session):
    paint(session, (5, 20, 21))
    before = session.case.history.names
    paint(session, (1, 2, 2), tool="eraser")
    assert session.case.history.names == before


def test_ctrl_inverts_the_brush(session):
    paint(session, (5, 20, 21))
    paint(session, (5, 20, 21), modifiers=frozenset({"Control"}))
    assert session.case.segmentation.voxel_count(1) == 0


def test_escape_puts_the_stroke_back(session):
    session.view.tool = "brush"
    session.gestures.press(at(session, 5, 20, 21))
    assert session.case.segmentation.labels().any()
    session.gestures.abort()
    assert not session.case.segmentation.labels().any()
    assert session.case.history.names == ()
    assert session.view.active_segment is None


def test_fill_closes_a_drawn_ring(session):
    session.view.brush_mm = 2.5
    ring = [(5, 10, 10), (5, 10, 30), (5, 30, 30), (5, 30, 10), (5, 10, 10)]
    paint(session, *ring)
    paint(session, (5, 20, 20), tool="fill")
    assert session.case.segmentation.labels()[5, 12:29, 12:29].all()
    notices = []
    session.notices.connect(notices.append)
    paint(session, (5, 2, 2), tool="fill")
    assert "open to the edge" in notices[0].text


def test_locked_segments_are_never_painted_over(session):
    paint(session, (5, 20, 21))
    count = session.case.segmentation.voxel_count(1)
    session.run(toggle_lock, segment_id=1)
    session.run(add_segment, name="Other")
    session.view.paint_over = "unlocked"
    session.view.brush_mm = 20.0
    paint(session, (5, 20, 21))
    assert session.case.segmentation.voxel_count(1) == count
    assert session.case.segmentation.voxel_count(2) > 0
    with pytest.raises(WrongUse, match="locked"):
        session.run(delete_segment, segment_id=1)


def test_duplicate_overlaps_and_merge_unites(session):
    paint(session, (5, 20, 21))
    count = session.case.segmentation.voxel_count(1)
    copy = session.run(duplicate_segment, segment_id=1)
    assert session.case.segmentation.voxel_count(copy) == session.case.segmentation.voxel_count(1) == count
    assert session.case.segmentation.segment(copy).group == 1
    session.run(merge_segments, segment_ids=(1, copy))
    assert [s.id for s in session.case.segmentation.segments] == [1]
    assert session.case.segmentation.voxel_count(1) == count
    session.run(undo)
    assert session.case.segmentation.voxel_count(copy) == count


def test_a_copy_has_the_voxels_that_a_reader_once_took_from_another(session):
    """A reader decided that nothing belongs there in the array of the copy; the original tells better."""
    paint(session, (5, 20, 21))
    copy = session.run(duplicate_segment, segment_id=1)
    with session.step("Erase") as writer:
        box = session.case.segmentation.box(copy)
        writer.write(LabelPatch(copy, box, np.ones(box.shape, bool), erase=True))
    again = session.run(duplicate_segment, segment_id=1)
    assert session.case.segmentation.segment(again).group == session.case.segmentation.segment(copy).group
    assert session.case.segmentation.voxel_count(again) == session.case.segmentation.voxel_count(1)
    session.run(undo)
    assert (session.case.segmentation.human(1)[box.slices] == HUMAN_NO).any(), "undo brings the decision back"


def test_a_ruler_in_a_saved_case_is_unsaved_work(session, tmp_path, images_without_files):
    session.run(add_ruler, start_lps=(0.0, 0.0, 0.0), end_lps=(1.0, 2.0, 2.0))
    assert not session.unsaved, "to measure in a series is no case yet"
    paint(session, (5, 20, 21))
    session.run(save_case, path=tmp_path / "case.medseg")
    assert not session.unsaved
    session.run(delete_rulers)
    assert session.unsaved
    session.run(close_case)
    session.run(open_case, path=tmp_path / "case.medseg")
    assert [ruler.length_mm for ruler in session.case.rulers] == [3.0]
    assert not session.unsaved
    paint(session, (5, 10, 10), (5, 20, 21), tool="ruler")
    assert session.unsaved
    session.run(save_case)
    assert not session.unsaved


def test_merging_loses_no_voxel_where_a_third_segment_is_in_the_way(session):
    """B overlaps C, which shares the array of A, and a reader once erased something where B lies."""
    session.view.brush_mm = 12.0
    paint(session, (5, 20, 21))
    session.run(duplicate_segment, segment_id=1)
    session.run(change_segment, segment_id=1, name="C")
    a = session.run(add_segment, name="A")
    paint(session, (8, 20, 21))
    paint(session, (5, 32, 21))
    paint(session, (5, 32, 21), tool="eraser")
    session.view.active_segment = 2
    paint(session, (5, 32, 21))
    found = session.case.segmentation
    c, expected = found.mask(1), found.mask(a) | found.mask(2)
    assert (found.mask(1) & found.mask(2)).any()
    session.run(merge_segments, segment_ids=(a, 2))
    assert np.array_equal(found.mask(a), expected)
    assert np.array_equal(found.mask(1), c)
    session.run(undo)
    assert np.array_equal(found.mask(a) | found.mask(2), expected)


def test_names_stay_unique(session):
    session.run(add_segment, name="Liver")
    second = session.run(add_segment, name="Liver")
    assert session.case.segmentation.segment(second).name == "Liver 1"
    session.run(change_segment, segment_id=second, name="Spleen")
    assert session.case.segmentation.segment(second).name == "Spleen"


@pytest.fixture
def saved(session, tmp_path, monkeypatch):
    """A saved case whose images are found again without files."""
    path = tmp_path / "case.medseg"
    monkeypatch.setattr("medseg_app.app.commands.open.find_images", lambda *_: session_volume)
    session_volume = session.case.volume
    paint(session, (5, 20, 21))
    session.run(save_case, path=path)
    return path


def test_a_saved_case_comes_back_with_its_undo_steps(session, saved):
    labels = session.case.segmentation.labels().copy()
    assert not session.unsaved
    session.run(close_case)
    session.run(open_case, path=saved)
    assert np.array_equal(session.case.segmentation.labels(), labels)
    assert session.case.history.names == ("Brush",)
    session.run(undo)
    assert not session.case.segmentation.labels().any()
    assert session.unsaved


def test_strokes_after_the_last_save_come_back_when_the_case_is_opened(session, saved):
    paint(session, (6, 10, 10))
    labels = session.case.segmentation.labels().copy()
    session.run(close_case)
    session.run(open_case, path=saved)
    assert np.array_equal(session.case.segmentation.labels(), labels)
    assert session.unsaved


def test_strokes_that_were_given_up_stay_away(session, saved):
    before = session.case.segmentation.labels().copy()
    paint(session, (6, 10, 10))
    session.run(close_case, forget_unsaved=True)
    session.run(open_case, path=saved)
    assert np.array_equal(session.case.segmentation.labels(), before)
    assert not session.unsaved


def test_a_second_window_reads_only(session, saved, folders, volume):
    second = Session(folders, session.settings)
    second.run(open_case, path=saved)
    assert second.case.read_only
    with pytest.raises(CaseError, match="open in another window"):
        second.run(add_segment, name="x")
    second.close()


def test_the_case_file_holds_no_voxels_and_no_name(session, saved):
    import json
    import zipfile

    with zipfile.ZipFile(saved) as archive:
        assert sorted(archive.namelist()) == ["case.json", "human/0", "labels/0"]
        assert all(item.compress_type == zipfile.ZIP_STORED for item in archive.infolist())
        header = json.loads(archive.read("case.json"))
    assert header["schema"] == 1
    assert header["volume"]["voxels_sha256"] == session.case.volume.sha256


def test_a_newer_case_is_refused_with_the_version_needed(session, saved, tmp_path):
    import json
    import zipfile

    newer = tmp_path / "newer.medseg"
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(newer, "w") as new:
        header = json.loads(old.read("case.json")) | {"schema": 99}
        new.writestr("case.json", json.dumps(header))
    with pytest.raises(CaseError, match="format 99"):
        session.run(open_case, path=newer)


def test_another_volume_takes_the_place_of_the_open_case(session, volume):
    paint(session, (5, 20, 21))
    enter(session, Case.of(volume))
    assert session.case.segmentation.segments == ()
    assert not session.unsaved


def test_a_recent_place_is_found_from_any_folder(session, tmp_path, monkeypatch):
    """`medseg app study` names it by its way from where the command was given."""
    monkeypatch.chdir(tmp_path)
    session.settings.remember(Path("study"))
    session.settings.remember(tmp_path / "study")
    assert session.settings.recent == [str(tmp_path / "study")]
