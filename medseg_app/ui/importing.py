"""Importing: brings models of other programs in; asks in the panel before a program is run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from medseg_app.app.commands.models import bring_in
from medseg_app.core.errors import MedsegError
from medseg_app.engines.foreign.torchscript import ConsentNeeded, consent_paragraphs

from .panels.question import Question

if TYPE_CHECKING:
    from medseg_app.app.session import Session

    from .window import MainWindow

MODELS = "Models (*.zip *.onnx *.ts *.pt);;All files (*)"


class Importing:
    """The ways in for a model; `question` is shown below the models."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        self._window, self._session = window, session
        self.question = Question("Run it once", "Do not run")

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
        self._session.attempt(bring_in, lambda error: self._failed(path, error), path=path, consent=consent)

    def _failed(self, path: Path, error: BaseException) -> None:
        if isinstance(error, ConsentNeeded):
            lead = f"{path.name} holds a program. Run it only if you trust where it comes from."
            text = "\n\n".join([lead, *consent_paragraphs()])
            self.question.ask(text, lambda: self.start(path, consent=True))
        elif isinstance(error, MedsegError):
            self._session.fail(error)
        else:
            raise error
