"""Models from a network: what the model zoo offers, fetch one, bring those that were fetched up to date.

All of it in a process of its own: it may run torch, and where a server is silent it can be stopped at once.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from medseg_app.app.announce_model import announce_model
from medseg_app.app.apart import AT_ONCE, run_apart
from medseg_app.app.change import Change
from medseg_app.app.command import Job, command
from medseg_app.app.download_model import download_model
from medseg_app.app.import_model import ImportedModel
from medseg_app.app.model_zoo import newest_versions, read_zoo
from medseg_app.app.session import Session
from medseg_app.app.update_models import Updated, update_models
from medseg_app.app.update_notices import update_notices
from medseg_app.core.errors import WrongUse
from medseg_app.core.progress import Progress

NewestVersions = dict[str, str]


@command("List the model zoo")
def list_zoo(session: Session) -> Job[NewestVersions, NewestVersions]:
    """Ask the model zoo which models it offers, each in its newest version."""

    def work(progress: Progress) -> NewestVersions:
        return run_apart("The model zoo", _list_zoo, progress, AT_ONCE)

    return Job("Ask the model zoo", work, lambda found: found)


@command("Download model", menu="AI", shortcut="Ctrl+Shift+D")
def download(
    session: Session, *, name: str, address: str = "", called: str = "", consent: bool = False
) -> Job[ImportedModel, ImportedModel]:
    """Fetch a model of MONAI's model zoo, or a ZIP from an address, and add it to your models.

    See `download_model`; consent as in `bring_in`.
    """
    if not name.strip():
        raise WrongUse("The model needs a name.", "Type one.")
    fetch = partial(_download, name.strip(), address.strip(), called.strip(), consent, session.folders.models)

    def work(progress: Progress) -> ImportedModel:
        return run_apart("The download", fetch, progress, AT_ONCE)

    return Job(
        f"Download {called.strip() or name.strip()}",
        work,
        lambda made: announce_model(session, made, "downloaded"),
    )


@command("Update model", menu="AI", shortcut="Ctrl+Alt+U")
def update(session: Session, *, name: str = "", consent: bool = False) -> Job[list[Updated], list[Updated]]:
    """Replace a downloaded model where its place has a newer one.

    Without a name all that the user downloaded. See `update_models`; consent as in `bring_in`.
    """
    renew = partial(_update, name, consent, session.folders.models)

    def look_again() -> None:
        session.changed.emit(Change.of("models"))

    def work(progress: Progress) -> list[Updated]:
        try:
            return run_apart("The update", renew, progress, AT_ONCE)
        finally:  # stopped in the middle, some of several are new
            session.tasks.on_main(look_again)

    def apply(found: list[Updated]) -> list[Updated]:
        for notice in update_notices(found):
            session.notices.emit(notice)
        return found

    return Job(f"Update {name or 'all models'}", work, apply)


def _list_zoo(progress: Progress) -> NewestVersions:
    progress(0.0, "Waiting for the list")
    return newest_versions(read_zoo())


def _download(
    name: str, address: str, called: str, consent: bool, models: Path, progress: Progress
) -> ImportedModel:
    return download_model(name, address, called=called, consent=consent, models=models, progress=progress)


def _update(name: str, consent: bool, models: Path, progress: Progress) -> list[Updated]:
    return update_models(name, consent=consent, models=models, progress=progress)
