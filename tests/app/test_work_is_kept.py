"""No stroke is lost: commands in mid-stroke, a full disk, copies of cases, journals with a gap."""

from __future__ import annotations

import shutil
import sqlite3
import time

import numpy as np
import pytest

from medseg_app.app.case_output import case_of
from medseg_app.app.command import Job
from medseg_app.app.commands.case import close_case, save_case, undo
from medseg_app.app.commands.open import open_case
from medseg_app.app.commands.segments import add_segment
from medseg_app.app.enter_case import enter
from medseg_app.app.recovery import find_recoverable, recover
from medseg_app.app.session import Session
from medseg_app.app.settings import Settings
from medseg_app.core.case import Case
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.io.case_file import write_case_file
from medseg_app.ui.status_bar import saved_text
from tests.app.test_session import at, paint

pytestmark = pytest.mark.usefixtures("images_without_files")


@pytest.fixture
def other(folders):
    """Another window of the same user."""
    session = Session(folders, Settings())
    yield session
    session.close()


def wait_for(something, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not something():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def slices(session):
    return sorted(set(np.argwhere(session.case.segmentation.labels())[:, 0].tolist()))


def press(session, *index):
    session.view.tool = "brush"
    session.gestures.press(at(session, *index))


def test_a_case_saved_with_the_button_down_holds_the_stroke_and_opens(session, tmp_path):
    press(session, 5, 20, 21)
    session.run(save_case, path=tmp_path / "case.medseg")
    session.gestures.move(at(session, 5, 30, 30))
    session.gestures.release(at(session, 5, 30, 30))
    labels = session.case.segmentation.labels().copy()
    assert labels.any()
    assert not session.unsaved
    session.run(close_case)
    session.run(open_case, path=tmp_path / "case.medseg")
    assert np.array_equal(session.case.segmentation.labels(), labels)


def test_undo_with_the_button_down_takes_the_stroke_back(session):
    press(session, 5, 20, 21)
    assert session.run(undo) == "Brush"
    assert not session.case.segmentation.labels().any()


def test_a_step_with_the_button_down_comes_after_the_stroke(session):
    press(session, 5, 20, 21)
    session.start(add_segment, name="Liver")
    assert session.case.history.names == ("Brush", "Add Liver")


def test_a_case_closed_with_the_button_down_brings_the_stroke_back(session, folders, tmp_path):
    session.run(save_case, path=tmp_path / "case.medseg")
    press(session, 5, 20, 21)
    session.run(close_case)
    session.run(open_case, path=tmp_path / "case.medseg")
    assert slices(session) == [5]


def fill_disk(session, *, full):
    """What SQLite says when the disk is full, by a limit on the pages of the file."""
    journal = session.journal._journal

    def limit():
        pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
        journal._connection.execute(f"PRAGMA max_page_count={pages if full else pages + 10_000}")

    journal._thread.submit(limit).result()


def test_a_full_disk_is_told_once_and_the_steps_are_written_when_there_is_space(
    session, told, folders, other
):
    paint(session, (2, 20, 21))
    wait_for(lambda: session.journal.is_durable)
    fill_disk(session, full=True)
    for k in range(3, 9):
        paint(session, *((k, j, i) for j in range(4, 36, 4) for i in range(4, 44, 4)))
    wait_for(lambda: session.journal.is_failing)
    wait_for(lambda: not session.journal._pending or all(f.done() for f in session.journal._pending))
    assert not session.journal.is_durable
    assert saved_text(session) == "Not on disk"
    (notice,) = told
    assert "not on disk yet" in notice.text
    assert "full" in notice.text
    assert str(folders.journals) in notice.hint
    fill_disk(session, full=False)
    paint(session, (9, 20, 21))
    wait_for(lambda: session.journal.is_durable)
    assert saved_text(session).startswith("Saved")
    labels = session.case.segmentation.labels().copy()
    session.close()
    (item,) = find_recoverable(folders.journals)
    other.run(recover, item=item)
    assert np.array_equal(other.case.segmentation.labels(), labels)


def test_a_journal_that_cannot_be_made_does_not_stop_the_brush(session, told, folders):
    shutil.rmtree(folders.journals)
    folders.journals.touch()
    paint(session, (2, 20, 21))
    assert slices(session) == [2]
    assert "not on disk yet" in told[0].text
    folders.journals.unlink()
    paint(session, (3, 20, 21))
    wait_for(lambda: session.journal.is_durable)
    session.close()
    (item,) = find_recoverable(folders.journals)
    assert item.steps == 2


def test_steps_after_a_gap_are_kept_aside_and_the_others_come_back(session, folders, other):
    notices = []
    other.notices.connect(notices.append)
    for k in (2, 3, 4, 5):
        paint(session, (k, 20, 21))
    session.close()
    (item,) = find_recoverable(folders.journals)
    with sqlite3.connect(item.path) as damaged:
        damaged.execute("DELETE FROM records WHERE seq = (SELECT max(seq) - 1 FROM records)")
    other.run(recover, item=item)
    assert slices(other) == [2, 3]
    assert any("1 of the steps" in notice.text for notice in notices)
    assert len(list(folders.journals.glob("*.kept"))) == 1
    paint(other, (7, 20, 21))
    other.close()
    (item,) = find_recoverable(folders.journals)
    third = Session(folders, Settings())
    third.run(recover, item=item)
    assert slices(third) == [2, 3, 7]
    third.close()


@pytest.fixture
def copied(session, tmp_path):
    """A case saved under one name, then under another, and painted on: the copy is open."""
    paint(session, (2, 20, 21))
    session.run(save_case, path=tmp_path / "first.medseg")
    paint(session, (3, 20, 21))
    session.run(save_case, path=tmp_path / "copy.medseg")
    paint(session, (4, 20, 21))
    return tmp_path


def test_the_first_file_and_its_copy_are_two_cases(session, copied, other):
    other.run(open_case, path=copied / "first.medseg")
    assert not other.case.read_only
    assert slices(other) == [2]
    paint(other, (9, 20, 21))
    assert slices(session) == [2, 3, 4]
    session.run(close_case)
    other.run(close_case)
    other.run(open_case, path=copied / "copy.medseg")
    assert slices(other) == [2, 3, 4]
    assert other.case.history.names == ("Brush", "Brush", "Brush"), "undo goes back to before the copy"
    other.run(open_case, path=copied / "first.medseg")
    assert slices(other) == [2, 9]


def test_a_case_read_only_is_journalled_once_it_has_a_name_of_its_own(session, copied, other):
    other.run(open_case, path=copied / "copy.medseg")
    assert other.case.read_only
    other.run(save_case, path=copied / "mine.medseg")
    paint(other, (8, 20, 21))
    wait_for(lambda: other.journal.is_durable)
    other.run(close_case)
    other.run(open_case, path=copied / "mine.medseg")
    assert slices(other) == [2, 3, 8]


def test_a_file_that_was_copied_by_hand_does_not_take_the_strokes_of_the_first(session, copied):
    session.run(close_case)
    shutil.copy(copied / "copy.medseg", copied / "by_hand.medseg")
    session.run(open_case, path=copied / "by_hand.medseg")
    assert slices(session) == [2, 3]
    session.run(open_case, path=copied / "copy.medseg")
    assert slices(session) == [2, 3, 4]


def test_a_journal_that_another_window_writes_makes_a_case_read_only(session, other, volume, folders):
    twin = Case(volume, Case.of(volume).segmentation, id=session.case.id)
    enter(other, twin)
    assert twin.read_only
    assert other.journal is None


def test_a_task_is_over_whatever_its_end_raises(session, told):
    seen = []

    def apply(result):
        raise ZeroDivisionError

    task = session.tasks.start(Job("Divide", lambda progress: 1, apply), seen.append)
    assert task.finished.wait(10)
    assert task.state == "failed"
    assert not session.tasks.running
    assert [type(error) for error in seen] == [ZeroDivisionError]


def test_a_save_that_ends_after_another_case_was_opened_leaves_that_one_alone(
    session, copied, folders, volume
):
    job = save_case(session, path=copied / "late.medseg")
    written = job.work(lambda *_: None)
    enter(session, Case.of(volume))
    paint(session, (9, 20, 21))
    number, journal = session.case.id, session.journal
    job.apply(written)
    assert (session.case.id, session.case.path, session.journal) == (number, None, journal)
    assert session.case_lock is None
    wait_for(lambda: session.journal.is_durable)
    assert [record.kind for record in session.journal._journal.records()] == ["edit"]
    session.run(open_case, path=copied / "late.medseg")
    assert slices(session) == [2, 3, 4]


def test_a_case_on_a_full_disk_can_be_closed(session, told):
    paint(session, (2, 20, 21))
    wait_for(lambda: session.journal.is_durable)
    fill_disk(session, full=True)
    for k in range(3, 9):
        paint(session, *((k, j, i) for j in range(4, 36, 4) for i in range(4, 44, 4)))
    wait_for(lambda: session.journal.is_failing)
    session.run(close_case)
    assert session.case is None
    assert len(told) == 1


@pytest.fixture
def begun_elsewhere(volume, tmp_path):
    """A case file that began with labels of which the journals here know nothing, as `predict` writes it."""
    labels = np.zeros(volume.geometry.shape, np.uint8)
    labels[1, 4:8, 4:8] = 1
    made = case_of(LabelMap((labels,), volume.geometry, (Segment(1, "Liver", 1),)), volume)
    write_case_file(tmp_path / "elsewhere.medseg", made)
    return tmp_path / "elsewhere.medseg"


@pytest.mark.parametrize("how", ["restored", "opened"])
def test_strokes_on_a_case_begun_elsewhere_come_back(session, other, folders, begun_elsewhere, how):
    session.run(open_case, path=begun_elsewhere)
    paint(session, (5, 20, 21))
    session.close()
    (item,) = find_recoverable(folders.journals)
    if how == "restored":
        other.run(recover, item=item)
    else:
        other.run(open_case, path=begun_elsewhere)
    assert slices(other) == [1, 5]
    assert other.unsaved
    other.run(undo)
    assert slices(other) == [1]


def test_strokes_on_another_state_of_the_file_are_kept_aside_and_told(
    session, other, folders, begun_elsewhere
):
    older = begun_elsewhere.read_bytes()
    session.run(open_case, path=begun_elsewhere)
    paint(session, (5, 20, 21))
    session.run(save_case)
    paint(session, (6, 20, 21))
    session.close()
    begun_elsewhere.write_bytes(older)
    (item,) = find_recoverable(folders.journals)
    notices = []
    other.notices.connect(notices.append)
    other.run(recover, item=item)
    assert slices(other) == [1]
    assert [notice.text.partition(" fit")[0] for notice in notices] == [
        "1 of the steps that had not been saved"
    ]
    assert len(list(folders.journals.glob("*.kept"))) == 1


@pytest.mark.parametrize("has_name", [False, True])
def test_a_file_written_by_a_program_that_ended_before_its_journal_knew_is_taken_on(
    session, other, tmp_path, has_name
):
    path = tmp_path / "case.medseg"
    if has_name:
        paint(session, (2, 20, 21))
        session.run(save_case, path=path)
    paint(session, (5, 20, 21))
    case = session.case
    write_case_file(path, Case(case.volume, case.segmentation.snapshot(), case.id))
    paint(session, (8, 20, 21))
    session.close()
    notices = []
    other.notices.connect(notices.append)
    other.run(open_case, path=path)
    assert [notice.text for notice in notices] == ["1 step that had not been saved was restored."]
    assert slices(other) == [2, 5, 8][not has_name :]
    assert other.unsaved
    while other.run(undo) is not None:
        pass
    assert slices(other) == []


@pytest.mark.parametrize(
    ("name", "back"), [(None, "when MedSeg starts again"), ("left.medseg", "open left.medseg again")]
)
def test_a_stroke_made_while_the_next_series_was_read_is_told_and_kept(
    session, volume, told, tmp_path, name, back
):
    """Whether to save was asked when the reader chose the series, not when it was there."""
    session.run(add_segment, name="Liver")
    if name:
        session.run(save_case, path=tmp_path / name)
    press(session, 5, 20, 21)
    enter(session, Case.of(volume))
    (notice,) = told
    assert "not saved" in notice.text
    assert back in notice.hint
    assert find_recoverable(session.folders.journals)
    if name:
        session.run(open_case, path=tmp_path / name)
        assert slices(session) == [5]
