"""Importing: asks for a model of another program, and brings it in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from medseg_app.app.commands.models import bring_in

if TYPE_CHECKING:
    from medseg_app.app.session import Session

    from .program_consent import ProgramConsent
    from .window import MainWindow

MODELS = "Models (*.zip *.onnx *.ts *.pt);;All files (*)"


class Importing:
    """The ways in for a model."""

    def __init__(self, window: MainWindow, session: Session, programs: ProgramConsent) -> None:
        self._window, self._session, self._programs = window, session, programs

    def ask_file(self) -> None:
        """Ask for a ZIP, ONNX or TorchScript file."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Import model", str(Path.home()), MODELS)
        if name:
            self.start(Path(name))

    def ask_folder(self) -> None:
        """Ask for a MONAI bundle or a result of nnU-Net."""
        name = QFileDialog.getExistingDirectory(self._window, "Import model folder", str(Path.home()))
        if name:
            self.start(Path(name))

    def start(self, path: Path, consent: bool = False) -> None:
        """Import; a program is run only after the reader agreed."""

        def failed(error: BaseException) -> None:
            self._programs.failed(error, path.name, lambda: self.start(path, consent=True))

        self._session.attempt(bring_in, failed, path=path, consent=consent)
