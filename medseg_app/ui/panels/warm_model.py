"""WarmModel: has the engine worker ready by the time at which a reader presses Run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medseg_app.app.model_run import warm_up

if TYPE_CHECKING:
    from medseg_app.app.session import Session
    from medseg_app.ui.off_thread import OffThread


class WarmModel:
    """Asks once for each model, series, device and precision."""

    def __init__(self, session: Session, beside: OffThread) -> None:
        self._session, self._beside = session, beside
        self._asked: tuple[str, ...] = ()

    def ask(self, model: str) -> None:
        """Start the worker and read a model, beside the window; no word where that fails."""
        case, settings = self._session.case, self._session.settings
        if case is None or case.read_only:
            return
        wanted = (model, case.volume.id, settings.device, settings.precision)
        if wanted != self._asked:
            self._asked = wanted
            self._beside.run(warm_up(self._session, model), lambda _: None)

    def forget(self) -> None:
        """The worker may be gone: ask again when there is a reason to."""
        self._asked = ()
