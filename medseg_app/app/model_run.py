"""A run of a model on the open case: what is seen while it goes on, and what is proposed at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from medseg_app.core.progress import Progress
from medseg_app.core.proposal import Candidate, Proposal

from .command import Job
from .show_proposal import show_asked, show_proposal, show_so_far

if TYPE_CHECKING:
    from medseg_app.engines.contract import Request

    from .session import Session


def request_of(session: Session, within: Collection[tuple[str, str]] = ()) -> Request:
    """What is asked of a model that the reader starts now; within: see Request."""
    from medseg_app.engines.contract import Request

    return Request(
        precision=session.settings.precision,
        revision=session.writable().segmentation.revision,
        focus_lps=session.view.cursor_lps,
        within=frozenset(within),
    )


def warm_up(session: Session, model: str) -> Callable[[], None]:
    """What has the engine worker ready for a model on the open case; to be called beside the window.

    It raises as the work of `model_run` does.
    """
    lane, volume = session.engines, session.writable().volume
    request, device = request_of(session), session.settings.device

    def work() -> None:
        from medseg_app.engines.registry import find_model

        lane.warm_up(find_model(model), volume, request, device)

    return work


def model_run(session: Session, title: str, model: str, request: Request) -> Job[Proposal, Proposal]:
    """The job that runs a model on the open case, unless another case is open by then.

    Its work raises ModelError for an unknown model, WrongUse for names in `within` that it does not have,
    ModalityError where it does not fit the images, InputError where these show nothing: reading a model
    folder and its checksums takes longer than the window may stand still.
    """
    case = session.writable()
    lane, device, on_main = session.engines, session.settings.device, session.tasks.on_main

    def show(found: tuple[Candidate, ...]) -> None:
        on_main(lambda: show_so_far(session, case, found))

    def work(progress: Progress) -> Proposal:
        from medseg_app.engines.combined_model import check_within
        from medseg_app.engines.modality import check_modality, require_contrast
        from medseg_app.engines.registry import find_model

        folder = find_model(model)
        check_within(folder.card, request.within)
        check_modality(folder.card, case.volume)
        require_contrast(case.volume)
        on_main(lambda: show_asked(session, case, request.prompts))
        try:
            return lane.propose(folder, case.volume, request, device, progress, show)
        finally:
            show(())
            on_main(lambda: show_asked(session, case, ()))

    def apply(proposal: Proposal) -> Proposal:
        if session.case is case:
            show_proposal(session, proposal)
        return proposal

    return Job(title, work, apply, lane="engine")
