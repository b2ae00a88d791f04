"""Every control says what it does and names its key; no two actions fight for a key."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollBar,
    QToolButton,
)

from medseg_app.app.recovery import Recoverable
from medseg_app.ui.dialogs.export import ExportDialog
from medseg_app.ui.dialogs.recovery import RecoveryDialog
from medseg_app.ui.dialogs.settings import SettingsDialog
from medseg_app.ui.dialogs.unsaved import UnsavedDialog
from medseg_app.ui.scripted import wait_until

TALKING = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QKeySequenceEdit,
    QLineEdit,
)  # fmt: skip
WITHOUT_A_KEY = {
    QKeySequenceEdit: "every key that is pressed in it is the new one; the key of its table leads there",
}


def controls(widget):
    found = [w for kind in TALKING for w in widget.findChildren(kind)]
    return [w for w in found if not is_part_of_a_control(w)]


def is_part_of_a_control(widget):
    """Qt's own parts: the list and line of a combo box, the head of a table, the clear button of a line."""
    in_combo_box = isinstance(widget, QAbstractItemView) and has_parent(widget, QComboBox)
    of_qt = widget.objectName().startswith("qt_")
    return in_combo_box or of_qt or isinstance(widget, (QScrollBar, QHeaderView))


def has_parent(widget, kind):
    while (widget := widget.parent()) is not None:
        if isinstance(widget, kind):
            return True
    return False


def says_too_little(widget):
    """Whether a control lacks its name, or a tooltip that ends with its key."""
    named = widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text())
    exempt = type(widget) in WITHOUT_A_KEY
    return not named or not widget.toolTip() or not (exempt or keys_of(widget.toolTip()))


def silent(widget):
    return [
        f"{type(w).__name__} {w.accessibleName()!r} {w.toolTip()!r}"
        for w in controls(widget)
        if says_too_little(w)
    ]


@pytest.fixture
def dialogs(window, session, controller, tmp_path):
    left = [
        Recoverable(tmp_path / f"{name}.journal", {"source": f"/images/{name}"}, 3, 0.0) for name in "abc"
    ]
    made = (
        SettingsDialog(window, session, controller.actions),
        ExportDialog(window, session),
        UnsavedDialog(window, "Case"),
        RecoveryDialog(window, session, left, lambda _: None),
    )
    yield made
    for dialog in made:
        dialog.deleteLater()


@pytest.mark.parametrize("tool", ["window", "brush", "ruler"])
def test_every_control_has_a_name_and_a_tooltip_with_its_key(window, session, controller, tool):
    session.view.tool = tool
    controller.download.show()
    controller.training.open()
    assert silent(window) == []


def test_every_control_of_a_dialog_has_a_name_and_a_tooltip_with_its_key(dialogs):
    assert [(type(dialog).__name__, silent(dialog)) for dialog in dialogs if silent(dialog)] == []


def test_every_action_has_a_key_and_names_it(controller):
    for name in controller.actions.names():
        action = controller.actions[name]
        key = action.shortcut().toString()
        assert key, name
        assert f"({key})" in action.toolTip(), name


def test_every_entry_of_a_menu_of_the_strip_has_a_key(window):
    def entries(menu):
        for action in menu.actions():
            if action.menu() is None or not action.shortcut().isEmpty():
                yield action
            else:
                yield from entries(action.menu())

    menus = [button.menu() for button in window.strip.findChildren(QToolButton) if button.menu()]
    found = [action for menu in menus for action in entries(menu) if not action.isSeparator()]
    assert len(found) > 40
    assert [action.text() for action in found if action.shortcut().isEmpty()] == []


@pytest.mark.parametrize(("key", "name"), [("O", "Open"), ("I", "AI")])
def test_a_key_opens_the_menu_of_a_button_of_the_strip(window, key, name):
    (button,) = [b for b in window.strip.findChildren(QToolButton) if b.menu() and b.text() == name]
    seen = opened(button.menu(), window, Qt.Key[f"Key_{key}"], Qt.KeyboardModifier.AltModifier)
    assert seen == [True]


def test_a_key_lists_recent_places(window, session, controller):
    session.settings.recent = ["/images/abdomen"]
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    assert opened(controller.opening.recent, window, Qt.Key.Key_R, keys) == [True]
    assert [action.text() for action in controller.opening.recent.actions()] == ["/images/abdomen"]


def opened(menu, window, key, modifiers):
    """Press a key; the menu, once shown, is noted and closed again."""
    seen = []
    menu.aboutToShow.connect(
        lambda: QTimer.singleShot(0, lambda: (seen.append(menu.isVisible()), menu.hide()))
    )
    window.activateWindow()
    wait_until(window.isActiveWindow, 10.0)
    QTest.keyClick(window, key, modifiers)
    wait_until(lambda: bool(seen), 10.0)
    return seen


def test_every_button_of_the_strip_can_be_reached_by_key(window):
    buttons = window.strip.findChildren(QToolButton)
    assert len(buttons) > 15
    assert all(button.focusPolicy() & Qt.FocusPolicy.TabFocus for button in buttons)


def test_no_key_belongs_to_two_actions(controller):
    everywhere: Counter[str] = Counter()
    viewer_only: Counter[str] = Counter()
    for name in controller.actions.names():
        action = controller.actions[name]
        inside = action.shortcutContext() == Qt.ShortcutContext.WidgetWithChildrenShortcut
        for key in action.shortcuts():
            (viewer_only if inside else everywhere)[key.toString()] += 1
    assert [key for key, count in (everywhere + viewer_only).items() if count > 1] == []


def test_no_two_controls_that_are_shown_have_one_key(window, controller):
    controller.download.show()
    controller.training.open()
    controller.training.details.flip()
    keys = [b.shortcut() for b in window.findChildren(QAbstractButton) if b.isVisible()]
    keys += [shortcut.key() for shortcut in window.findChildren(QShortcut) if shortcut.parent().isVisible()]
    keys += [key for name in controller.actions.names() for key in controller.actions[name].shortcuts()]
    counts = Counter(key.toString() for key in keys if not key.isEmpty())
    assert counts["Alt+H"] == counts["Alt+L"] == 1
    assert [key for key, count in counts.items() if count > 1] == []


def test_texts_of_files_are_never_read_as_markup(window):
    for label in window.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText, label.text()


def test_no_text_of_the_window_shouts_or_speaks_jargon(window, controller):
    texts = [w.text() for w in window.findChildren(QLabel)] + [w.toolTip() for w in controls(window)]
    texts += [controller.actions[name].toolTip() for name in controller.actions.names()]
    for text in texts:
        assert "!" not in text
        assert "`" not in text, "words for programmers"
        assert not {"layer", "tensor", "dtype", "affine"} & set(text.lower().split())


def test_a_key_can_be_given_away_and_is_kept(window, controller, session):
    from PySide6.QtGui import QKeySequence
    from PySide6.QtWidgets import QKeySequenceEdit

    dialog = SettingsDialog(window, session, controller.actions)
    (found,) = dialog.keys.findItems("Brush", Qt.MatchFlag.MatchExactly)
    row = found.row()
    edit = dialog.keys.cellWidget(row, 1)
    assert isinstance(edit, QKeySequenceEdit)
    edit.setKeySequence(QKeySequence("U"))
    dialog.reader.setText("Dr Other")
    dialog._done()
    assert controller.actions["brush"].shortcut().toString() == "U"
    assert "(U)" in controller.actions["brush"].toolTip()
    assert session.settings.keys["brush"] == "U"
    assert session.settings.reader == "Dr Other"


def test_a_key_of_two_actions_cannot_be_kept(window, session, controller):
    from PySide6.QtGui import QKeySequence

    dialog = SettingsDialog(window, session, controller.actions)
    (found,) = dialog.keys.findItems("Brush", Qt.MatchFlag.MatchExactly)
    edit = dialog.keys.cellWidget(found.row(), 1)
    edit.setKeySequence(QKeySequence("E"))
    assert "E is the key of Brush and of Eraser" in dialog.clash.text()
    assert not dialog.done_button.isEnabled()
    edit.setKeySequence(QKeySequence("U"))
    assert dialog.done_button.isEnabled()


def keys_of(tip):
    found = re.search(r"\(([^()]*)\)$", tip)
    return found[1].split(" and ") if found else []


@pytest.mark.parametrize("tool", ["window", "brush", "ruler"])
def test_every_key_that_a_tooltip_names_is_a_key(window, session, controller, tool):
    session.view.tool = tool
    actions = [controller.actions[name] for name in controller.actions.names()]
    known = {key.toString() for action in actions for key in action.shortcuts()}
    known |= {button.shortcut().toString() for button in window.findChildren(QAbstractButton)}
    known |= {shortcut.key().toString() for shortcut in window.findChildren(QShortcut)}
    known |= {"Return", "Esc"}
    named = {key for widget in controls(window) for key in keys_of(widget.toolTip())}
    assert len(named) > 20
    assert named <= known, named - known


def test_every_key_that_a_tooltip_of_a_dialog_names_is_a_key(dialogs):
    for dialog in dialogs:
        known = {button.shortcut().toString() for button in dialog.findChildren(QAbstractButton)}
        known |= {shortcut.key().toString() for shortcut in dialog.findChildren(QShortcut)}
        named = {key for widget in controls(dialog) for key in keys_of(widget.toolTip())}
        assert any(button.isDefault() for button in dialog.findChildren(QPushButton))
        assert named - {"Return", "Esc"} <= known, (type(dialog).__name__, named - known)


def test_no_two_controls_of_a_dialog_have_one_key(dialogs):
    for dialog in dialogs:
        keys = [button.shortcut() for button in dialog.findChildren(QAbstractButton)]
        keys += [shortcut.key() for shortcut in dialog.findChildren(QShortcut)]
        counts = Counter(key.toString() for key in keys if not key.isEmpty())
        assert [key for key, count in counts.items() if count > 1] == [], type(dialog).__name__
