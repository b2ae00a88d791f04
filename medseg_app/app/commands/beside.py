"""Show another series beside the open one."""

from __future__ import annotations

from medseg_app.app.beside import Beside
from medseg_app.app.command import Job, command
from medseg_app.app.session import Session
from medseg_app.core.errors import WrongUse
from medseg_app.core.progress import Progress
from medseg_app.core.volume import Volume


@command("Show beside", menu="View")
def show_beside(session: Session, *, volume_id: str) -> Job[Volume, None]:
    """Show a series of the list beside the open one, at the same place where both share a frame."""
    case, info = session.open(), session.studies.find(volume_id)
    if case.volume.id == volume_id:
        raise WrongUse("This series is open already.", "Choose another one to show beside it.")

    def work(progress: Progress) -> Volume:
        from medseg_app.io.dicom.volume import load_volume

        return load_volume(info, progress=progress)

    def apply(volume: Volume) -> None:
        if session.case is case:  # else another case was opened meanwhile
            session.show_beside(None)
            session.show_beside(Beside(volume, session))

    return Job(f"Open {info.description or 'series'} beside", work, apply)
