"""GeometryNotice: a thin banner while a series with a geometry problem is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg_app.app.change import Change
    from medseg_app.app.session import Session

    from .banner import Banner

HINT = "The badge of the series tells more."


class GeometryNotice:
    """Follows the open case; the passport was made when the series was found."""

    def __init__(self, banner: Banner, session: Session) -> None:
        self._banner, self._session = banner, session
        self._shown = ""
        session.changed.connect(self._on_change)

    def _on_change(self, change: Change) -> None:
        if "case" not in change.kinds:
            return
        problem = self._problem()
        if problem:
            self._banner.show_message("problem", problem, HINT)
        elif self._shown and self._shown in self._banner.text:
            self._banner.hide()
        self._shown = problem

    def _problem(self) -> str:
        case = self._session.case
        for info in self._session.studies if case else ():
            passport = getattr(info, "passport", None)
            if case and passport and info.id == case.volume.id and passport.verdict == "problem":
                return str(passport.sentence)
        return ""
