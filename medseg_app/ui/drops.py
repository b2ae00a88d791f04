"""Drops: what is dragged over the window, files or a series of the list, and what dropping it does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData

from .drop_text import drop_text
from .panels.study_model import SERIES_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable

    from medseg_app.app.session import Session

    from .opening import Opening


class Drops:
    """Files go to `opening`; a dragged series is shown beside the open one by `show_beside`."""

    def __init__(self, session: Session, opening: Opening, show_beside: Callable[[str], object]) -> None:
        self._session, self._opening, self._show_beside = session, opening, show_beside

    def text(self, data: QMimeData) -> str:
        """What dropping would do, in one line; empty where nothing can be done with it."""
        if data.hasFormat(SERIES_TYPE):
            return self._series_text(_series_in(data))
        paths = _paths_in(data)
        return drop_text(paths, self._session.case is not None) if paths else ""

    def take(self, data: QMimeData) -> None:
        """Do it."""
        if not data.hasFormat(SERIES_TYPE):
            self._opening.open_all(_paths_in(data))
        elif self._session.case is None:
            self._opening.open_series(_series_in(data))
        else:
            self._show_beside(_series_in(data))

    def _series_text(self, volume_id: str) -> str:
        case = self._session.case
        info = next((info for info in self._session.studies if info.id == volume_id), None)
        if info is None or (case is not None and case.volume.id == volume_id):
            return ""  # of another window, or open already
        name = info.description or "the series"
        return f"Drop to show {name} beside the open series" if case else f"Drop to open {name}"


def _series_in(data: QMimeData) -> str:
    return bytes(data.data(SERIES_TYPE).data()).decode()


def _paths_in(data: QMimeData) -> list[Path]:
    names = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return [Path(name) for name in names if name]
