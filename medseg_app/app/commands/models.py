"""Models: train one on corrected cases or a data set, bring one in, check one, remove one of the user's."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from medseg_app.app.announce_model import announce_model
from medseg_app.app.change import Change
from medseg_app.app.command import Job, command
from medseg_app.app.import_model import ImportedModel, import_model
from medseg_app.app.model_store import Verified, remove_model, verify_models
from medseg_app.app.session import Session
from medseg_app.app.train import HowToTrain, remarks_of, train_model
from medseg_app.core.errors import InputError, WrongUse
from medseg_app.core.progress import Progress


@command("Train model", menu="AI", shortcut="Ctrl+Shift+T")
def train(
    session: Session,
    *,
    source: Path,
    name: str,
    how: HowToTrain,
) -> Job[Path, Path]:
    """Learn from corrected cases or a data set; the model appears in the list when it is finished.

    It learns on the device of the settings and goes to the user's models. A training that was stopped goes on
    where it was.
    """
    from medseg_app.app.apart import run_apart

    if not source.exists():
        raise InputError(f"{source} does not exist.", "Choose a folder of cases or a data set.")
    if not name.strip():
        raise WrongUse("The model needs a name.", "Type one.")
    name = name.strip()
    place = session.folders.models / name
    whole = replace(how, name=name, device=session.settings.device, output=place, go_on=True)

    def work(progress: Progress) -> Path:
        return run_apart("The training", partial(train_model, source, whole), progress)

    def apply(folder: Path) -> Path:
        session.changed.emit(Change.of("models"))
        for remark in remarks_of(folder):
            session.tell("note", remark)
        session.tell("ok", f"{folder.name} is trained.", "Choose it in the AI panel.")
        return folder

    return Job(f"Train {name}", work, apply)


@command("Import model", menu="AI", shortcut="Ctrl+Shift+L")
def bring_in(session: Session, *, path: Path, consent: bool = False) -> Job[ImportedModel, ImportedModel]:
    """Convert a model of another program, a folder, ZIP or file, and add it to the user's models.

    consent: a program (TorchScript, code of a bundle) may be run once, contained; see `consent_text` in
    medseg_app/engines/foreign/consent.py.
    """
    from medseg_app.app.apart import AT_ONCE, run_apart

    models = session.folders.models

    def work(progress: Progress) -> ImportedModel:
        return run_apart("The import", partial(_bring_in, path, consent, models), progress, AT_ONCE)

    return Job(f"Import {path.name}", work, lambda made: announce_model(session, made, "imported"))


@command("Verify model", menu="AI", shortcut="Ctrl+Alt+V")
def verify(session: Session, *, name: str) -> Job[Verified, Verified]:
    """Compare every file of the model with its checksum."""

    def work(progress: Progress) -> Verified:
        progress(0.0, f"Reading {name}")
        return verify_models(name)[0]

    def apply(found: Verified) -> Verified:
        if found.problems:
            session.tell("problem", f"{name} is not as it was made. {found.problems[0]}", "Get it again.")
        else:
            session.tell("ok", f"{name} is as it was made: all {found.files} files have their checksums.")
        return found

    return Job(f"Verify {name}", work, apply)


@command("Remove model", menu="AI", shortcut="Ctrl+Alt+R")
def remove(session: Session, *, name: str) -> Job[Path, Path]:
    """Remove one of the user's own models; shipped ones stay."""
    models = session.folders.models

    def work(progress: Progress) -> Path:
        progress(0.0, f"Removing {name}")
        return remove_model(name, models)

    def apply(folder: Path) -> Path:
        session.changed.emit(Change.of("models"))
        session.tell("ok", f"{name} was removed.")
        return folder

    return Job(f"Remove {name}", work, apply)


def _bring_in(path: Path, consent: bool, models: Path, progress: Progress) -> ImportedModel:
    """In a process of its own, for it runs torch."""
    progress(0.1, f"Converting {path.name}")
    return import_model(path, consent=consent, models=models)
