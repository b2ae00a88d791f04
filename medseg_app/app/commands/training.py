"""Train a model on corrected cases or on a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from medseg_app.app.change import Change
from medseg_app.app.command import Job, command
from medseg_app.app.session import Session
from medseg_app.core.errors import InputError, WrongUse
from medseg_app.core.progress import Progress


@command("Train model", menu="AI", shortcut="Ctrl+Shift+T")
def train(
    session: Session,
    *,
    source: Path,
    name: str,
    base: str = "",
    task: Literal["semantic", "instance"] | None = None,
    minutes: float = 60.0,
) -> Job[Path, Path]:
    """Learn from corrected cases or a data set; the model appears in the list when it is finished.

    base: the model whose weights are the beginning. A training that was stopped goes on where it was.
    """
    from medseg_app.app.train import HowToTrain
    from medseg_app.app.training_process import train_apart

    if not source.exists():
        raise InputError(f"{source} does not exist.", "Choose a folder of cases or a data set.")
    if not name.strip():
        raise WrongUse("The model needs a name.", "Type one.")
    how = HowToTrain(
        name.strip(), task, base, minutes, session.settings.device,
        session.folders.models / name.strip(), go_on=True,
    )  # fmt: skip

    def work(progress: Progress) -> Path:
        return train_apart(source, how, progress)

    def apply(folder: Path) -> Path:
        session.changed.emit(Change.of("models"))
        session.tell("ok", f"{folder.name} is trained.", "Choose it in the AI panel.")
        return folder

    return Job(f"Train {name.strip()}", work, apply)
