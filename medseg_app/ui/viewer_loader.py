"""ViewerLoader: brings the viewer into the window; its libraries are read in a thread meanwhile."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from .collector import Collector
from .status_bar import StatusFollower

if TYPE_CHECKING:
    from medseg_app.app.change import Change
    from medseg_app.app.session import Session

    from .off_thread import OffThread
    from .viewer.area import ViewerArea
    from .window import MainWindow

LIBRARIES = ("vispy.scene", "napari.components", "napari.layers", "medseg_app.ui.viewer.area")


class ViewerLoader(QObject):
    """`area` is None until the viewer stands; `ready` is emitted then."""

    ready = Signal()

    def __init__(self, window: MainWindow, session: Session, beside: OffThread) -> None:
        super().__init__()
        self._window, self._session, self._beside = window, session, beside
        self.area: ViewerArea | None = None
        self._collector = Collector()
        session.changed.connect(self._on_change)

    def load(self) -> None:
        """Begin; the window stays usable meanwhile. What fails in the thread is tried again here."""
        self._collector.rest()
        self._beside.run(_read_libraries, lambda _: self._make(), lambda _: self._make())

    def follow(self, status: StatusFollower) -> None:
        """Show in the status bar what lies under the pointer."""
        self.ready.connect(lambda: self.area and self.area.hovered.connect(status.show_hover))

    def fit(self) -> None:
        """Show whole slices again."""
        if self.area is not None:
            self.area.fit()

    def scroll(self, steps: int) -> None:
        """Go some slices on."""
        if self.area is not None and self._session.case is not None:
            self.area.scroll_slices(steps)

    def close(self) -> None:
        """Let the viewer go of the session."""
        self._collector.close()
        if self.area is not None:
            self.area.close_views()

    def _make(self) -> None:
        from .viewer.area import ViewerArea

        try:
            self.area = ViewerArea(self._session)
        finally:
            self._collector.settle()
        self._window.add_viewer(self.area)
        self._show()
        self.ready.emit()
        # The first stroke needs it; until then it would only have kept the reader waiting.
        self._beside.run(lambda: importlib.import_module("blosc2"), lambda _: None)

    def _on_change(self, change: Change) -> None:
        if "case" in change.kinds:
            self._show()

    def _show(self) -> None:
        self._window.show_viewer(self._session.case is not None and self.area is not None)


def _read_libraries() -> None:
    from .viewer.napari_canvas import quiet_napari

    quiet_napari()
    for name in LIBRARIES:
        importlib.import_module(name)
