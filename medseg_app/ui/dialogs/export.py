"""ExportDialog: which segments, in which formats, where; shows how each file was verified, in place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from medseg_app.app.all_or_nothing import identity
from medseg_app.app.commands import export as commands
from medseg_app.core.errors import MedsegError
from medseg_app.ui.buttons import describe, give_key, push_button
from medseg_app.ui.drop_down import DropDown
from medseg_app.ui.labels import label

from .export_result import ExportResult, outcome, verdict_of
from .frame import DialogFrame

if TYPE_CHECKING:
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task

FORMATS = {
    ".seg.dcm": ("DICOM SEG", "for PACS and viewers"),
    ".nii.gz": ("NIfTI", "for research tools"),
    ".nrrd": ("NRRD", "for 3D Slicer"),
    ".mha": ("MetaImage", "for ITK"),
}
TALL = {"Segments", "Formats"}
OVERLAPS = {
    "": "Stop and say so",
    "first": "The earlier segment keeps the voxel",
    "last": "The later segment keeps the voxel",
}


class ExportDialog(DialogFrame):
    """Exports in a task; the window behind stays usable, the dialog shows what became of each file."""

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent, "Export", 600)
        self._session = session
        self._task: Task | None = None
        self._is_closed = False
        self._replaces: set[Path] = set()
        self.segments = self._segment_list()
        self.formats = self._format_boxes()
        self.overlap = DropDown()
        for key, word in OVERLAPS.items():
            self.overlap.addItem(word, key)
        meaning = "Where two segments share a voxel and the format holds one"
        describe(self.overlap, "Overlap", "Alt+O", meaning)
        self.deidentify = QCheckBox("Leave the patient out of every file")
        describe(self.deidentify, "De-identify", "Alt+P", "No name, no study, new identifiers")
        self.target = QLineEdit(str(self._default_target()))
        describe(self.target, "Folder and name", "Alt+N", "Folder and name without ending")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.outcome = ExportResult()
        self.go = push_button("Export", self.start, "Return", primary=True)
        self.close_button = push_button("Close", self.reject, "Esc")
        self.go.setDefault(True)
        self.target.textChanged.connect(lambda _: self._show_ready())
        for part, key in ((self.overlap, "Alt+O"), (self.deidentify, "Alt+P"), (self.target, "Alt+N")):
            give_key(part, key)
        self._build()
        self._show_ready()
        session.tasks.changed.connect(self._on_task)

    # -- building ----------------------------------------------------------------------------------

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(1, 1)
        formats = QVBoxLayout()
        formats.setSpacing(2)
        for box in self.formats.values():
            formats.addWidget(box)
        place = QHBoxLayout()
        place.setSpacing(8)
        place.addWidget(self.target, 1)
        place.addWidget(push_button("Choose", self._choose_target, "Alt+C", detail="Choose folder and name"))
        rows: list[tuple[str, QWidget | QHBoxLayout | QVBoxLayout]] = [
            ("Segments", self.segments), ("Formats", formats), ("Overlap", self.overlap),
            ("Patient", self.deidentify), ("Save as", place),
        ]  # fmt: skip
        for row, (word, part) in enumerate(rows):
            align = Qt.AlignmentFlag.AlignTop if word in TALL else Qt.AlignmentFlag.AlignVCenter
            grid.addWidget(label(word, "secondary"), row, 0, alignment=align)
            grid.addWidget(part, row, 1) if isinstance(part, QWidget) else grid.addLayout(part, row, 1)
        self.body.addLayout(grid)
        self.body.addWidget(self.bar)
        self.body.addWidget(self.outcome)
        self.buttons.addWidget(self.close_button)
        self.buttons.addWidget(self.go)

    def _segment_list(self) -> QListWidget:
        made = QListWidget()
        made.setProperty("role", "ticks")
        describe(made, "Segments to export", "Alt+S", "Segments to export; Space ticks one")
        give_key(made, "Alt+S")
        made.setFixedHeight(132)
        case = self._session.open()
        for segment in case.segmentation.segments:
            item = QListWidgetItem(segment.name)
            item.setData(Qt.ItemDataRole.UserRole, segment.id)
            filled = case.segmentation.voxel_count(segment.id) > 0
            item.setCheckState(Qt.CheckState.Checked if filled else Qt.CheckState.Unchecked)
            made.addItem(item)
        made.itemChanged.connect(lambda _: self._show_ready())
        return made

    def _format_boxes(self) -> dict[str, QCheckBox]:
        boxes: dict[str, QCheckBox] = {}
        source = self._session.open().volume.source
        is_dicom = source is not None and source.kind == "dicom"
        for suffix, (name, use) in FORMATS.items():
            box = QCheckBox(f"{name}   {use}")
            box.setChecked(suffix == (".seg.dcm" if is_dicom else ".nii.gz"))
            possible = is_dicom or suffix != ".seg.dcm"
            detail = f"Write {suffix}" if possible else "Only for images that came as DICOM"
            describe(box, name, f"Alt+{len(boxes) + 1}", detail)
            give_key(box, f"Alt+{len(boxes) + 1}")
            box.setEnabled(possible)
            box.toggled.connect(lambda _: self._show_ready())
            boxes[suffix] = box
        return boxes

    def _default_target(self) -> Path:
        case = self._session.open()
        if case.path:
            return case.path.with_suffix("")
        words = "".join(c if c.isalnum() or c in "-_" else "-" for c in case.volume.description or "segments")
        return Path.home() / (words.strip("-") or "segments")

    # -- working -----------------------------------------------------------------------------------

    def chosen_ids(self) -> tuple[int, ...]:
        """Ids of the ticked segments."""
        items = [self.segments.item(row) for row in range(self.segments.count())]
        ticked = [item for item in items if item.checkState() == Qt.CheckState.Checked]
        return tuple(item.data(Qt.ItemDataRole.UserRole) for item in ticked)

    def paths(self) -> list[Path]:
        """The files that would be written; none while there is no name for them."""
        target = Path(self.target.text()).expanduser()
        if not target.name:
            return []
        return [
            target.with_name(target.name + suffix) for suffix, box in self.formats.items() if box.isChecked()
        ]

    def start(self) -> None:
        """Write and verify. Files that are there already are named first and replaced at the next press."""
        self.outcome.clear()
        there = {path for path in self.paths() if identity(path) is not None}
        if not there <= self._replaces:
            self._replaces = there
            self._ask_to_replace(there)
            self._show_ready()
            return
        self._task = self._session.attempt(
            commands.export,
            self._show_failure,
            paths=self.paths(),
            segment_ids=self.chosen_ids(),
            deidentify=self.deidentify.isChecked(),
            overlap=self.overlap.currentData() or None,
        )
        self._show_ready()

    def _ask_to_replace(self, there: set[Path]) -> None:
        names = ", ".join(sorted(path.name for path in there))
        is_are = "is" if len(there) == 1 else "are"
        self.outcome.show_failure(
            f"{names} {is_are} there already.", "Press Replace to write anew, or choose another name."
        )

    def _show_failure(self, error: BaseException) -> None:
        """Say why here, where the reader looks, and not behind the dialog."""
        if self._is_closed or not isinstance(error, MedsegError):
            self._session.fail(error)
            return
        self.outcome.show_failure(error.message, error.hint)

    def _on_task(self, task: Task) -> None:
        if task is not self._task:
            return
        if self._is_closed:
            self._tell_end(task)
            return
        self.bar.setValue(round(1000 * task.fraction))
        if task.is_over:
            self._task = None
            self._show_outcome(task)
        self._show_ready()

    def _tell_end(self, task: Task) -> None:
        """The dialog is gone: the window tells what became of the files."""
        if not task.is_over:
            return
        self._session.tasks.changed.disconnect(self._on_task)
        for item in task.value or ():
            verdict, name = verdict_of(item), item.path.name
            self._session.tell(verdict, f"{name}: {outcome(item)}")

    def _show_outcome(self, task: Task) -> None:
        if task.state == "done":
            self.outcome.show_written(task.value)
        elif task.state == "cancelled":
            self.outcome.show_failure("The export was stopped.", "Nothing was written.")

    def _show_ready(self) -> None:
        running = self._task is not None
        self.bar.setVisible(running)
        self.go.setEnabled(not running and bool(self.paths()) and bool(self.chosen_ids()))
        replaces = not self._replaces.isdisjoint(self.paths())
        self.go.setText("Writing" if running else "Replace" if replaces else "Export")

    def _choose_target(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Export as", self.target.text())
        if name:
            path = Path(name)
            suffix = next((s for s in FORMATS if path.name.lower().endswith(s)), "")
            self.target.setText(str(path.with_name(path.name[: len(path.name) - len(suffix)])))

    def done(self, code: int) -> None:
        """A running export goes on in the status bar when the dialog is closed; its end is told there."""
        self._is_closed = True
        if self._task is None:
            self._session.tasks.changed.disconnect(self._on_task)
        super().done(code)
