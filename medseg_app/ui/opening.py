"""Opening: asks for folders and files, takes what is dropped, offers what an interrupted session left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog, QMenu

from medseg_app.app.commands import open as commands
from medseg_app.app.left_out import is_dicom_seg
from medseg_app.app.mask_or_image import is_surely_mask
from medseg_app.io.images import is_image_file

from .first_look import FirstLook
from .moved_images import MovedImages
from .one_by_one import OneByOne
from .panels.mask_question import MaskQuestion

if TYPE_CHECKING:
    from medseg_app.app.change import Change
    from medseg_app.app.mask_or_image import Kind
    from medseg_app.app.recovery import Recoverable
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task

    from .actions import Actions
    from .closing import Closing
    from .off_thread import MainThread, OffThread
    from .window import MainWindow

IMAGES = "Images (*.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd)"
CASES = "MedSeg cases (*.medseg)"
LABELS = "Masks (*.dcm *.nii *.nii.gz *.nrrd *.mha);;All files (*)"
OPEN_MENU = ("open_folder", "open_image", "open_case", "open_labels", "", "open_recent")
RECENT_SHOWN = 8


class Opening:
    """Every way in. A folder that holds one series, or the first one opened, shows its largest series."""

    def __init__(
        self, window: MainWindow, session: Session, closing: Closing, actions: Actions, beside: OffThread,
        main: MainThread,
    ) -> None:  # fmt: skip
        self._window, self._session, self._closing = window, session, closing
        self._actions, self._beside = actions, beside
        self.question = MaskQuestion(self._open_mask, self.open)
        self.first_look = FirstLook(window, window.central, session, main)
        self.moved = MovedImages(window, session)
        self.dropped = OneByOne(window, session, self._open_dropped)
        self.recent = QMenu(window)
        self.recent.aboutToShow.connect(self._list_recent)
        session.changed.connect(self._on_change)

    def open(self, path: Path) -> None:
        """Open a folder, an image, a case, or a DICOM SEG on the open series, whatever the path is."""
        if self._session.case is not None and is_dicom_seg(path):
            self._session.start(commands.open_labels, path=path)
        elif path.suffix.lower() == ".medseg":
            self._closing.leave(lambda: self._start_case(path))
        elif not path.is_dir():
            self._closing.leave(lambda: self._start(path))
        else:
            self._start(path)

    def open_all(self, paths: Sequence[Path]) -> None:
        """Open what was dropped, masks after what they may belong to."""
        self.dropped.take(sorted(paths, key=is_surely_mask))

    def open_series(self, volume_id: str) -> None:
        """Open a series of the list."""
        case = self._session.case
        if case is None or case.volume.id != volume_id:
            self._closing.leave(lambda: self._start_series(volume_id))

    def ask_folder(self) -> None:
        """Ask for a study folder."""
        name = QFileDialog.getExistingDirectory(self._window, "Open study folder", self._start_folder())
        if name:
            self.open(Path(name))

    def ask_image(self) -> None:
        """Ask for an image file."""
        self._ask_file("Open image file", IMAGES)

    def ask_case(self) -> None:
        """Ask for a case."""
        self._ask_file("Open case", CASES)

    def ask_labels(self) -> None:
        """Ask for a mask to put onto the open series."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open mask", self._start_folder(), LABELS)
        if name:
            self._open_mask(Path(name))

    def ask_export(self) -> None:
        """Show the export dialog, which lists what every segment holds now."""
        self._session.gestures.settle()
        if self._session.case is not None:
            from .dialogs.export import ExportDialog

            dialog = ExportDialog(self._window, self._session)
            dialog.exec()
            dialog.deleteLater()

    def ask_settings(self) -> None:
        """Show the settings."""
        from .dialogs.settings import SettingsDialog

        dialog = SettingsDialog(self._window, self._session, self._actions)
        dialog.exec()
        dialog.deleteLater()

    def offer_recovery(self) -> None:
        """Offer the strokes of a session that ended abruptly."""
        from medseg_app.app.recovery import find_recoverable

        folder = self._session.folders.journals
        self._beside.run(lambda: find_recoverable(folder), self._show_recovery)

    def open_menu(self) -> QMenu:
        """The menu of the Open button; recent places are listed when it opens."""
        self._actions["open_recent"].setMenu(self.recent)
        return self._actions.menu("Open", OPEN_MENU, self._window)

    def show_recent(self) -> None:
        """List recent places below the tool strip."""
        strip = self._window.strip
        self.recent.popup(strip.mapToGlobal(strip.rect().bottomLeft()))

    def keys(self) -> dict[str, str]:
        """Keys that the reader gave to actions, by the name of the action."""
        return dict(self._session.settings.keys)

    def _show_recovery(self, found: list[Recoverable]) -> None:
        if found:
            from medseg_app.app.recovery import recover

            from .dialogs.recovery import RecoveryDialog

            RecoveryDialog(
                self._window, self._session, found, lambda item: self.moved.start(recover, item=item)
            ).open()

    def _open_dropped(self, path: Path) -> None:
        """An image file on an open series may be a mask for it."""
        if self._session.case is not None and is_image_file(path):
            self._open_either(path)
        else:
            self.open(path)

    def _on_change(self, change: Change) -> None:
        if "case" in change.kinds:
            self.question.forget()

    def _open_mask(self, path: Path) -> None:
        self._session.start(commands.open_labels, path=path)

    def _open_either(self, path: Path) -> None:
        """Put a file onto the open series or open it, as its values and grid say; else ask."""
        self._follow(self._session.start(commands.tell_kind, path=path), lambda kind: self._treat(path, kind))

    def _treat(self, path: Path, kind: Kind) -> None:
        if kind == "mask":
            self._open_mask(path)
        elif kind == "image":
            self.open(path)
        else:
            self._session.view.show_panels = True
            self.question.ask(path)

    def _start_series(self, volume_id: str) -> None:
        self._window.banner.hide()
        task = self._session.start(commands.open_volume, volume_id=volume_id)
        self.first_look.follow(task, self._session.studies.find(volume_id))

    def _start_case(self, path: Path) -> None:
        self._window.banner.hide()
        self.moved.start(commands.open_case, path=path)

    def _start(self, path: Path) -> None:
        self._window.banner.hide()  # what it said was about something else
        self._follow(self._session.start(commands.open_path, path=path), self._show_series_of)

    def _show_series_of(self, found: Any) -> None:
        """When a folder or DICOM file was read and nothing is open, show its largest series."""
        volumes = getattr(found, "volumes", ())
        if volumes and self._session.case is None:
            self.open_series(max(volumes, key=lambda info: info.shape[0]).id)

    def _follow(self, task: Task | None, then: Callable[[Any], object]) -> None:
        """Go on with the result of a task that ended well."""

        def follow(ended: Task) -> None:
            if ended is task and ended.is_over:
                self._session.tasks.changed.disconnect(follow)
                if ended.state == "done":
                    then(ended.value)

        if task is not None:
            self._session.tasks.changed.connect(follow)

    def _ask_file(self, title: str, pattern: str) -> None:
        name, _ = QFileDialog.getOpenFileName(self._window, title, self._start_folder(), pattern)
        if name:
            self.open(Path(name))

    def _start_folder(self) -> str:
        recent = self._session.settings.recent
        return str(Path(recent[0]).parent) if recent else str(Path.home())

    def _list_recent(self) -> None:
        menu = self.recent
        menu.clear()
        for text in self._session.settings.recent[:RECENT_SHOWN]:
            menu.addAction(text).triggered.connect(_opener(self.open, Path(text)))
        if menu.isEmpty():
            menu.addAction("Nothing was opened yet").setEnabled(False)


def _opener(function: Callable[[Path], object], path: Path) -> Callable[..., object]:
    return lambda *_: function(path)
