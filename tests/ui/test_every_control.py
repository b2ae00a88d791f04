"""Every control says what it does and names its key; no two actions fight for a key."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollBar,
    QToolButton,
)

from medseg_app.ui.dialogs.export import ExportDialog
from medseg_app.ui.dialogs.settings import SettingsDialog
from medseg_app.ui.dialogs.unsaved import UnsavedDialog

TALKING = (QAbstractButton, QAbstractSlider, QComboBox, QLineEdit)


def controls(widget):
    found = [w for kind in TALKING for w in widget.findChildren(kind)]
    # Qt's own parts of a control: the box of a combo box, the clear button of a line.
    return [w for w in found if not isinstance(w, QScrollBar) and not w.objectName().startswith("qt_")]


@pytest.mark.parametrize("tool", ["window", "brush"])
def test_every_control_has_a_name_and_a_tooltip(window, session, tool):
    session.view.tool = tool
    silent = [
        f"{type(w).__name__} {w.accessibleName()!r} {w.toolTip()!r}"
        for w in controls(window)
        if not w.toolTip() or not (w.accessibleName() or w.text())
    ]
    assert silent == []


def test_every_button_of_an_action_names_its_key(window, controller):
    for name in controller.actions.names():
        action = controller.actions[name]
        key = action.shortcut().toString()
        assert not key or f"({key})" in action.toolTip(), name


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
    assert counts["Alt+O"] == counts["Alt+L"] == 1
    assert [key for key, count in counts.items() if count > 1] == []


def test_texts_of_files_are_never_read_as_markup(window):
    for label in window.findChildren(QLabel):
        assert label.textFormat() == Qt.TextFormat.PlainText, label.text()


def test_no_text_of_the_window_shouts_or_speaks_jargon(window, controller):
    texts = [w.text() for w in window.findChildren(QLabel)] + [w.toolTip() for w in controls(window)]
    texts += [controller.actions[name].toolTip() for name in controller.actions.names()]
    for text in texts:
        assert "!" not in text
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


def test_every_key_that_a_tooltip_of_a_dialog_names_is_a_key(window, session, controller):
    for dialog in (
        SettingsDialog(window, session, controller.actions),
        ExportDialog(window, session),
        UnsavedDialog(window, "Case"),
    ):
        known = {button.shortcut().toString() for button in dialog.findChildren(QAbstractButton)}
        known |= {shortcut.key().toString() for shortcut in dialog.findChildren(QShortcut)}
        named = {key for widget in controls(dialog) for key in keys_of(widget.toolTip())}
        assert any(button.isDefault() for button in dialog.findChildren(QPushButton))
        assert named - {"Return", "Esc"} <= known, (type(dialog).__name__, named - known)
        dialog.deleteLater()
