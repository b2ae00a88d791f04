"""SettingsDialog: the reader's name, where models run, and the keys of all actions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from medseg_app.ui.buttons import describe, give_key, push_button
from medseg_app.ui.drop_down import DropDown
from medseg_app.ui.labels import label, set_verdict

from .frame import DialogFrame

if TYPE_CHECKING:
    from medseg_app.app.session import Session
    from medseg_app.ui.actions import Actions

PRECISIONS = {"exact": "Exact", "fast": "Fast, slightly less exact"}
DEVICES = {
    "auto": "Automatic",
    "cpu": "Processor (CPU)",
    "cuda:0": "Graphics card (CUDA)",
    "mps": "Apple GPU (MPS)",
}


class SettingsDialog(DialogFrame):
    """Changes are kept with Done and forgotten with Escape."""

    def __init__(self, parent: QWidget, session: Session, actions: Actions) -> None:
        super().__init__(parent, "Settings", 560)
        self._session, self._actions = session, actions
        self.reader = QLineEdit(session.settings.reader)
        self.reader.setPlaceholderText("Name that your segments carry")
        describe(self.reader, "Reader", "Alt+R", "Your name; it is kept with every segment that you make")
        self.device = _choice(DEVICES, session.settings.device, "Device", "Alt+M", "Where models run")
        self.precision = _choice(
            PRECISIONS, session.settings.precision, "Precision", "Alt+P", "How models calculate"
        )
        give_key(self.reader, "Alt+R")
        self.clash = label("", "secondary", wrap=True)
        set_verdict(self.clash, "note")
        self.clash.hide()
        self.keys = self._key_table()
        self._build()

    def _build(self) -> None:
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        form.addRow(label("Reader", "secondary"), self.reader)
        form.addRow(label("Models run on", "secondary"), self.device)
        form.addRow(label("Precision", "secondary"), self.precision)
        self.body.addLayout(form)
        self.body.addSpacing(8)
        self.body.addWidget(label("Keys", "strong"))
        self.body.addWidget(self.keys, 1)
        self.body.addWidget(self.clash)
        self.buttons.addWidget(push_button("Cancel", self.reject, "Esc"))
        done = push_button("Done", self._done, "Return", primary=True)
        done.setDefault(True)
        self.buttons.addWidget(done)
        self.done_button = done

    def _key_table(self) -> QTableWidget:
        names = [name for name in self._actions.names() if self._actions[name].text()]
        table = QTableWidget(len(names), 2)
        describe(table, "Keys of all actions", "Alt+K", "Tab goes from key to key; press the new one")
        give_key(table, "Alt+K")
        table.setHorizontalHeaderLabels(["Action", "Key"])
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setMinimumHeight(280)
        table.verticalHeader().setDefaultSectionSize(32)
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        table.setColumnWidth(1, 176)
        for row, name in enumerate(names):
            action = self._actions[name]
            text = QTableWidgetItem(action.text())
            text.setFlags(Qt.ItemFlag.ItemIsEnabled)
            text.setData(Qt.ItemDataRole.UserRole, name)
            table.setItem(row, 0, text)
            edit = QKeySequenceEdit(action.shortcut())
            edit.setMaximumSequenceLength(1)
            describe(edit, f"Key of {action.text()}", "", "Click, then press the new key")
            edit.keySequenceChanged.connect(self._show_clash)
            table.setCellWidget(row, 1, edit)
        return table

    def _done(self) -> None:
        settings = self._session.settings
        settings.reader = self.reader.text().strip()
        settings.device = self.device.currentData()
        settings.precision = self.precision.currentData()
        self._take_keys()
        self.accept()
        try:
            settings.save()
        except OSError as error:
            hint = f"They hold until MedSeg is closed. Make {settings.path} writable to keep them."
            self._session.tell("problem", f"The settings were not kept ({error.strerror}).", hint)

    def _show_clash(self, *_: object) -> None:
        """A key that two actions share would do neither, so it cannot be kept."""
        owners: dict[str, list[str]] = {}
        for name, wanted in self._wanted():
            if not wanted.isEmpty():
                owners.setdefault(wanted.toString(), []).append(self._actions[name].text())
        shared = [(key, names) for key, names in owners.items() if len(names) > 1]
        if shared:
            key, names = shared[0]
            self.clash.setText(f"{key} is the key of {' and of '.join(names)}. Give one of them another key.")
        self.clash.setVisible(bool(shared))
        self.done_button.setEnabled(not shared)

    def _wanted(self) -> Iterator[tuple[str, QKeySequence]]:
        for row in range(self.keys.rowCount()):
            item, edit = self.keys.item(row, 0), self.keys.cellWidget(row, 1)
            if item is not None and isinstance(edit, QKeySequenceEdit):
                yield item.data(Qt.ItemDataRole.UserRole), edit.keySequence()

    def _take_keys(self) -> None:
        for name, wanted in self._wanted():
            if wanted != self._actions[name].shortcut():
                self._actions.set_key(name, wanted.toString())
                self._session.settings.keys[name] = wanted.toString()


def _choice(words: dict[str, str], value: str, name: str, key: str, detail: str) -> QComboBox:
    box = DropDown()
    for data, word in words.items():
        box.addItem(word, data)
    box.setCurrentIndex(max(0, box.findData(value)))
    describe(box, name, key, detail)
    give_key(box, key)
    return box
