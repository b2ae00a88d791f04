"""The frame: sizes, folding, the tool's own options, the banner."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton

from medseg_app.core.proposal import ModelIdentity, Proposal
from medseg_app.ui.scripted import pause, wait_until

from .conftest import candidate


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080), (3840, 2160)])
def test_it_fits_common_screens(window, width, height):
    window.resize(width, height)
    pause(0.05)
    assert (window.width(), window.height()) == (width, height)
    assert window.strip.height() == 44
    assert window.status.height() == 24
    assert window.central.width() > width * 0.5


def test_nothing_of_the_strip_is_cut_off_at_the_smallest_width(window):
    window.resize(1280, 800)
    pause(0.05)
    right = max(button.geometry().right() for button in window.strip.findChildren(QToolButton))
    assert right <= 1280


def test_tools_lose_their_words_where_it_is_narrow_group_by_group(window):
    icon_only, beside = Qt.ToolButtonStyle.ToolButtonIconOnly, Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    limit = window.strip.width_with_words()
    assert limit > 1280
    first, *others = window.strip._named
    for width, style in ((limit - 10, icon_only), (limit + 10, beside)):
        window.resize(width, 900)
        pause(0.05)
        assert {button.toolButtonStyle() for button in first} == {style}
        assert {button.toolButtonStyle() for group in others for button in group} == {beside}
    window.resize(1280, 800)
    pause(0.05)
    for button in window.strip.findChildren(QToolButton):
        assert button.width() >= button.sizeHint().width(), button.text()


def test_a_low_window_lets_lists_give_way_before_a_column_scrolls(window, session):
    from medseg_app.app.commands.segments import add_segment
    from medseg_app.app.show_proposal import show_proposal

    for number in range(12):
        session.run(add_segment, name=f"Segment of the liver {number}")
    show_proposal(session, many_findings(9))
    window.resize(1280, 800)
    pause(0.1)
    assert not window.right.verticalScrollBar().isVisible()
    assert window.controller.proposals.list.height() >= 3 * 32
    assert window.controller.segments.panel.list.height() >= 5 * 28
    chosen = window.controller.segments.panel.list.selectedIndexes()[0]
    assert window.controller.segments.panel.list.visualRect(chosen).bottom() <= (
        window.controller.segments.panel.list.viewport().height()
    )


def many_findings(count):
    found = tuple(candidate(n + 1, 0.9, (1, 2 + 3 * n, 3), 2) for n in range(count))
    return Proposal("1.2.3.4", found, ModelIdentity("test-model", "1", "00"))


def test_a_message_of_any_length_widens_no_window(window, session):
    before = window.minimumSizeHint().width()
    session.tell("problem", "The file " + "x" * 400 + " cannot be opened.", "Choose another folder.")
    session.tell("ok", "Saved " + "y" * 400)
    pause(0.05)
    assert window.minimumSizeHint().width() <= before
    assert "x" * 400 in window.banner.toolTip()
    window.activateWindow()
    window.setFocus()
    pause(0.1)
    QTest.keyClick(window, Qt.Key.Key_Escape, Qt.KeyboardModifier.ShiftModifier)
    assert window.banner.text == ""


def test_the_next_step_is_in_sight_however_long_the_message_is(window, session):
    hint = window.banner._hint
    session.tell("problem", "Short.", "Choose another folder.")
    pause(0.05)
    low = window.banner.height()
    session.tell("problem", "The file " + "x" * 400 + " cannot be opened.", "Choose another folder.")
    pause(0.05)
    assert hint.width() >= hint.fontMetrics().horizontalAdvance(hint.text())
    assert window.banner.rect().contains(hint.geometry())
    session.tell("problem", "Short.", "Choose another folder.")
    pause(0.05)
    assert window.banner.height() == low
    assert hint.width() >= hint.fontMetrics().horizontalAdvance(hint.text())


def test_the_side_panels_fold_and_the_image_takes_their_place(window, controller, session):
    pause(0.05)
    before = window.central.width()
    controller.actions["show_panels"].trigger()
    pause(0.05)
    assert not session.view.show_panels
    assert window.central.width() > before + 400
    controller.actions["show_panels"].trigger()
    pause(0.05)
    assert abs(window.central.width() - before) <= 2


def test_keys_choose_tools_and_the_strip_shows_which(window, controller, session):
    window.activateWindow()
    window.setFocus()
    pause(0.05)
    for key, tool in ((Qt.Key.Key_B, "brush"), (Qt.Key.Key_E, "eraser"), (Qt.Key.Key_W, "window")):
        QTest.keyClick(window, key)
        assert session.view.tool == tool
        assert controller.actions[tool].isChecked()


def test_only_the_options_of_the_active_tool_are_shown(controller, session):
    panel = controller.tool
    session.view.tool = "brush"
    assert panel.diameter.isVisible()
    assert panel.over.isVisible()
    session.view.tool = "eraser"
    assert panel.diameter.isVisible()
    assert not panel.over.isVisible()
    session.view.tool = "window"
    assert not panel.diameter.isVisible()
    assert panel.presets.isVisible()
    session.view.tool = "zoom"
    assert not panel.presets.isVisible()
    assert panel.hint.isVisible()


def test_brush_size_follows_slider_and_keys(window, controller, session):
    session.view.tool = "brush"
    panel = controller.tool
    panel.diameter.setValue(panel.diameter.maximum())
    assert session.view.brush_mm == 100.0
    panel.diameter.setValue(0)
    assert session.view.brush_mm == 0.5
    session.view.brush_mm = 10.0
    assert panel.diameter_text.text() == "10.0 mm"
    window.activateWindow()
    window.setFocus()
    pause(0.05)
    QTest.keyClick(window, Qt.Key.Key_BracketRight)
    assert session.view.brush_mm == 12.0
    assert panel.diameter_text.text() == "12.0 mm"


def test_opacity_and_least_score_have_keys(window, controller, session):
    from medseg_app.app.show_proposal import show_proposal

    show_proposal(session, many_findings(3))
    window.activateWindow()
    window.setFocus()
    pause(0.05)
    QTest.keyClick(window, Qt.Key.Key_BracketRight, Qt.KeyboardModifier.ControlModifier)
    assert session.view.fill_opacity == 0.4
    QTest.keyClick(window, Qt.Key.Key_BracketRight, Qt.KeyboardModifier.AltModifier)
    assert session.view.outline_px == 2.0
    assert controller.segments.look.outline.value() == 4
    QTest.keyClick(window, Qt.Key.Key_Period)
    pause(0.1)
    assert session.view.threshold == 0.05


def test_presets_are_chosen_by_key_and_marked(window, controller, session):
    window.activateWindow()
    window.setFocus()
    pause(0.05)
    QTest.keyClick(window, Qt.Key.Key_2)
    assert session.view.window == (-600.0, 1500.0)
    marked = [name for name, button in controller.tool.presets._buttons.items() if button.isChecked()]
    assert marked == ["Lung"]


def test_a_problem_stays_in_the_banner_and_good_news_in_the_status_bar(window, session):
    session.tell("ok", "All went well.")
    assert window.banner.text == ""
    assert "All went well." in window.status.message.text()
    session.tell("problem", "Slice 3 is missing.", "Copy the series again.")
    assert window.banner.text == "Slice 3 is missing. Copy the series again."
    assert not window.banner._timer.isActive()
    session.tell("note", "The slices are uneven.")
    assert window.banner._timer.isActive()


def test_without_a_case_nothing_can_be_saved_or_exported(empty_window):
    actions = empty_window.controller.actions
    for name in ("save_case", "export", "add_segment", "delete_segment", "undo"):
        assert not actions[name].isEnabled(), name


@pytest.mark.parametrize("spare", [1, None])
def test_words_of_the_strip_are_never_cut(window, spare):
    window.resize(window.minimumWidth() if spare is None else window.strip.width_with_words() + spare, 900)
    pause(0.05)
    for button in window.strip.findChildren(QToolButton):
        assert button.width() >= button.sizeHint().width(), button.text()


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab])
def test_tab_walks_through_the_whole_strip(window, key):
    buttons = {b.accessibleName() for b in window.strip.findChildren(QToolButton) if b.isEnabled()}
    window.activateWindow()
    window.strip.menu_button.setFocus()
    if key == Qt.Key.Key_Backtab:
        next(b for b in window.strip.findChildren(QToolButton) if b.text() == "Settings").setFocus()
    wait_until(lambda: window.strip.isAncestorOf(window.focusWidget()), 10, "the focus")
    seen = {window.focusWidget().accessibleName()}
    for _ in range(len(buttons) - 1):
        QTest.keyClick(window.focusWidget(), key)
        seen.add(window.focusWidget().accessibleName())
    assert seen == buttons


def test_f6_walks_through_the_parts_of_the_window(window, controller, session):
    from medseg_app.app.commands.segments import add_segment

    session.run(add_segment, name="Liver")
    window.activateWindow()
    window.strip.menu_button.setFocus()
    names = []
    for _ in range(4):
        controller.next_zone()
        names.append(window.focusWidget().accessibleName())
    assert names == ["Studies and series", "Images", "Segments", "All commands"]
