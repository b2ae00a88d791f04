"""The segment list: what a click does, what is asked first, and that 1,000 rows stay fast."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest

from medseg_app.app.commands import case as case_commands
from medseg_app.app.commands import segments as commands
from medseg_app.app.enter_case import enter
from medseg_app.app.new_segment import new_segment
from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.errors import WrongUse
from medseg_app.core.label_edit import LabelPatch
from medseg_app.ui.panels.segment_delegate import SegmentDelegate
from medseg_app.ui.panels.segment_rows import Row, rows_of
from medseg_app.ui.scripted import pause, wait_until

from .conftest import oblique_volume


@pytest.fixture
def panel(controller):
    return controller.segments


def fill(session, segment_id, start, size=3):
    box = Box.of(start, [n + size for n in start])
    with session.step("Fill") as writer:
        writer.write(LabelPatch(segment_id, box, np.ones(box.shape, bool)))


def add(session, name, **coded):
    return session.run(commands.add_segment, name=name, **coded)


def click(panel, segment_id, from_right=None, button=Qt.MouseButton.LeftButton):
    list_ = panel.panel.list
    rect = list_.visualRect(panel.panel.model.index_of(segment_id))
    x = rect.left() + 60 if from_right is None else rect.right() - from_right
    QTest.mouseClick(list_.viewport(), button, pos=QPoint(x, rect.center().y()))


def test_an_empty_list_says_what_to_do_with_the_key(panel):
    assert panel.panel.empty.isVisible()
    assert "N" in panel.panel.empty.text()


def test_a_name_that_is_typed_becomes_a_coded_segment(window, controller, session, panel):
    controller.actions["add_segment"].trigger()
    assert panel.add_line.isVisible()
    QTest.keyClicks(panel.add_line.line, "left kid")
    QTest.keyClick(panel.add_line.line, Qt.Key.Key_Return)
    (segment,) = session.case.segmentation.segments
    assert segment.name == "Left kidney"
    assert segment.type.value == "64033007"
    assert [m.meaning for m in segment.modifiers] == ["Left"]
    assert segment.provenance.reader == "Dr Test"
    assert not panel.add_line.isVisible()


def test_a_name_that_no_term_matches_is_kept_as_typed(controller, session, panel):
    controller.actions["add_segment"].trigger()
    QTest.keyClicks(panel.add_line.line, "Zyst 7b")
    QTest.keyClick(panel.add_line.line, Qt.Key.Key_Return)
    assert session.case.segmentation.segments[0].name == "Zyst 7b"


def test_escape_closes_the_line_and_nothing_is_added(window, controller, session, panel):
    window.activateWindow()
    controller.actions["add_segment"].trigger()
    pause(0.05)
    QTest.keyClick(panel.add_line.line, Qt.Key.Key_Escape)
    assert not panel.add_line.isVisible()
    assert session.case.segmentation.segments == ()


@pytest.mark.parametrize(
    ("action", "typed", "answer"),
    [
        ("add_segment", "Liver", Qt.Key.Key_Return),
        ("add_segment", "", Qt.Key.Key_Escape),
        ("rename", "Spleen", Qt.Key.Key_Return),
        ("rename", "", Qt.Key.Key_Escape),
        ("delete_segment", "", Qt.Key.Key_Return),
        ("delete_segment", "", Qt.Key.Key_Escape),
    ],
)
def test_the_keys_go_back_to_the_images_when_the_panel_has_its_answer(
    window, controller, session, action, typed, answer
):
    session.view.active_segment = add(session, "Tumour")
    window.activateWindow()
    window.central.setFocus()
    wait_until(window.central.hasFocus, 10, "the focus")
    controller.actions[action].trigger()
    pause(0.05)
    asked = window.focusWidget()
    assert asked is not window.central
    QTest.keyClicks(asked, typed)
    QTest.keyClick(asked, answer)
    pause(0.05)
    assert window.central.hasFocus(), window.focusWidget()


@pytest.mark.parametrize("panel_name", ["training", "download"])
def test_the_keys_go_back_to_the_images_when_a_panel_is_closed(window, controller, panel_name, monkeypatch):
    monkeypatch.setattr(controller.download, "ask_zoo", lambda: None)
    controller.training.source.setText("cases")  # or there is nothing to press
    window.activateWindow()
    window.central.setFocus()
    wait_until(window.central.hasFocus, 10, "the focus")
    panel = getattr(controller, panel_name)
    panel.open()
    pause(0.05)
    assert panel.isAncestorOf(window.focusWidget())
    panel.hide()
    assert window.central.hasFocus(), window.focusWidget()


def test_who_took_the_keys_from_a_question_keeps_them(window, controller, session):
    session.view.active_segment = add(session, "Tumour")
    window.activateWindow()
    window.central.setFocus()
    wait_until(window.central.hasFocus, 10, "the focus")
    controller.actions["delete_segment"].trigger()
    controller.segments.panel.list.setFocus()
    controller.segments.question.no.click()
    assert controller.segments.panel.list.hasFocus()


def test_eye_and_lock_are_clicked_in_the_row(session, panel):
    number = add(session, "Liver")
    pause(0.05)
    click(panel, number, from_right=12)
    assert session.view.hidden == {number}
    click(panel, number, from_right=40)
    assert session.case.segmentation.segment(number).locked
    click(panel, number, from_right=12)
    assert session.view.hidden == frozenset()


def test_the_chosen_segments_have_an_opacity_of_their_own(window, controller, session, panel):
    first, second = add(session, "Liver"), add(session, "Spleen")
    session.view.active_segment = first
    window.activateWindow()
    window.setFocus()
    pause(0.1)
    for _ in range(4):
        QTest.keyClick(
            window,
            Qt.Key.Key_BracketLeft,
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier,
        )
    assert session.view.strengths == {first: 0.8}
    session.view.active_segment = second
    assert panel.look.strength.value() == 100
    assert session.view.strengths == {first: 0.8}, "what is shown is not asked for"
    panel.panel.list.selectAll()
    panel.look.strength.setValue(30)
    assert session.view.strengths == {first: 0.3, second: 0.3}
    session.view.active_segment = None
    assert not panel.look.strength.isEnabled()


def test_how_a_deleted_segment_was_shown_does_not_pass_to_the_next(session):
    gone = add(session, "Liver")
    session.run(commands.set_strength, segment_id=gone, strength=0.0)
    session.run(commands.toggle_visible, segment_id=gone)
    session.run(commands.delete_segment, segment_id=gone)
    assert add(session, "Spleen") == gone, "ids are given again"
    assert (session.view.hidden, session.view.strengths) == (frozenset(), {})


def test_an_opacity_beyond_its_range_is_refused(session):
    number = add(session, "Liver")
    with pytest.raises(WrongUse, match=r"1\.5 is not between 0 and 1"):
        session.run(commands.set_strength, segment_id=number, strength=1.5)


def test_a_click_on_a_name_makes_it_active_and_leaves_the_cross_where_it_is(session, panel):
    first, _ = add(session, "Liver"), add(session, "Spleen")
    fill(session, first, (5, 20, 20))
    before = session.view.cursor_lps
    pause(0.1)
    click(panel, first)
    assert session.view.active_segment == first
    assert session.view.cursor_lps == before


def test_a_click_on_a_finding_goes_there(session, panel):
    first = add(session, "Tumour 1", kind="instance")
    add(session, "Tumour 2", kind="instance")
    fill(session, first, (5, 20, 20))
    pause(0.1)
    click(panel, first)
    assert session.view.active_segment == first
    np.testing.assert_allclose(session.view.cursor_lps, session.case.segmentation.centroid_lps(first))


def test_deleting_asks_in_the_panel_and_can_be_undone(controller, session, panel):
    number = add(session, "Liver")
    fill(session, number, (5, 20, 20))
    controller.actions["delete_segment"].trigger()
    assert panel.question.isVisible()
    assert "Liver" in panel.question.text.text()
    QTest.keyClick(panel.question, Qt.Key.Key_Escape)
    assert session.case.segmentation.has(number)
    controller.actions["delete_segment"].trigger()
    QTest.mouseClick(panel.question.yes, Qt.MouseButton.LeftButton)
    assert not session.case.segmentation.has(number)
    session.run(case_commands.undo)
    assert session.case.segmentation.voxel_count(number) == 27


def test_a_question_goes_with_the_case_that_it_was_about(controller, session, panel):
    session.view.active_segment = add(session, "Liver")
    controller.actions["delete_segment"].trigger()
    controller.actions["add_segment"].trigger()
    enter(session, Case.of(oblique_volume()))
    number = add(session, "Tumour")
    assert not panel.question.isVisible()
    assert not controller.segments.add_line.isVisible()
    assert session.case.segmentation.has(number)


def test_a_question_goes_with_the_segment_that_it_was_about(controller, session, panel):
    session.view.active_segment = add(session, "Liver")
    controller.actions["delete_segment"].trigger()
    add(session, "Kidney")
    assert panel.question.isVisible()
    session.run(case_commands.undo)
    session.run(case_commands.undo)
    assert not panel.question.isVisible()


def test_a_name_is_typed_over_in_the_row(controller, session, panel):
    number = add(session, "Liver")
    pause(0.05)
    controller.actions["rename"].trigger()
    editor = panel.panel.list.findChild(type(panel.add_line.line))
    assert editor is not None
    editor.selectAll()
    QTest.keyClicks(editor, "Hepar")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    pause(0.05)
    assert session.case.segmentation.segment(number).name == "Hepar"


def test_several_chosen_segments_are_merged(controller, session, panel):
    first, second = add(session, "A"), add(session, "B")
    fill(session, first, (1, 1, 1))
    fill(session, second, (6, 6, 6))
    panel.panel.list.selectAll()
    controller.actions["merge_segments"].trigger()
    (left,) = session.case.segmentation.segments
    assert session.case.segmentation.voxel_count(left.id) == 54


def test_a_colour_is_chosen_from_the_palette(session, panel):
    number = add(session, "Liver")
    panel._recolour([number], (1, 2, 3))
    assert session.case.segmentation.segment(number).colour == (1, 2, 3)


def test_the_volume_follows_the_voxels(session, panel):
    number = add(session, "Liver")
    fill(session, number, (2, 2, 2), size=8)
    expected = 512 * 3.1 * 0.9 * 0.7 / 1000
    assert panel.panel.model.millilitres(number) == pytest.approx(expected)


def test_a_long_heading_leaves_room_for_its_count(qapp):
    def drawn(count):
        picture = QImage(240, 28, QImage.Format.Format_RGB32)
        picture.fill(0)
        painter = QPainter(picture)
        row = Row(text="Lymph node of the mediastinum, left lower paratracheal", count=count)
        SegmentDelegate._paint_heading(painter, picture.rect(), row)
        painter.end()
        return picture

    assert drawn(11) != drawn(88), "the count cannot be read"


def test_findings_stand_under_one_heading_by_score(session):
    segmentation = session.case.segmentation
    plain = new_segment(segmentation, "Liver")
    found = [
        replace(plain, id=n, name=f"Tumour {n}", kind="instance", score=score)
        for n, score in ((2, 0.4), (3, 0.9), (4, None))
    ]
    rows = rows_of([found[0], plain, *found[1:]])
    assert [row.text for row in rows] == ["Liver", "Tumour", "#3", "#2", "#4"]


def test_a_thousand_rows_stay_fast(controller, session, panel):
    segmentation = session.case.segmentation
    with session.step("Many") as writer:
        for number in range(255):
            writer.put_segment(new_segment(segmentation, f"Tumour {number + 1}", kind="instance"))
    shown = panel.panel
    rows = rows_of(segmentation.segments)
    many = [replace(s, id=1000 + n, name=f"Lesion {n}") for n, s in enumerate(segmentation.segments * 4)]
    start = time.thread_time()
    assert len(rows_of(many)) == 1021
    assert time.thread_time() - start < 0.05
    assert len(rows) == 256
    times = []
    for _ in range(5):
        start = time.thread_time()
        shown.model.refresh()
        shown.list.viewport().repaint()
        times.append(time.thread_time() - start)
    assert min(times) < 0.02
