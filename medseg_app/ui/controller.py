"""Controller: ties the window to a session: panels, actions, viewer, notices, closing."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from .actions import Actions
from .closing import Closing
from .drops import Drops
from .geometry_notice import GeometryNotice
from .importing import Importing
from .model_care import ModelCare
from .off_thread import MainThread, OffThread
from .opening import Opening
from .panels.ai import AiPanel
from .panels.download import DownloadPanel
from .panels.proposals import ProposalsPanel
from .panels.segment_controller import SegmentController
from .panels.segments import SegmentsPanel
from .panels.studies import StudiesPanel
from .panels.tool_options import ToolOptionsPanel
from .panels.training import TrainingPanel
from .program_consent import ProgramConsent
from .side_by_side import SideBySide
from .status_bar import StatusFollower
from .titles import Titles
from .viewer_loader import ViewerLoader
from .window_actions import WindowActions

if TYPE_CHECKING:
    from medseg_app.app.notice import Notice
    from medseg_app.app.session import Session

    from .window import MainWindow


class Controller:
    """Everything that lives as long as the window does."""

    def __init__(self, window: MainWindow, session: Session, main: MainThread) -> None:
        self.window, self.session = window, session
        self.beside = OffThread(main)
        self.closing = Closing(window, session)
        self.actions = Actions(window)
        self.opening = Opening(window, session, self.closing, self.actions, self.beside, main)
        self.side_by_side = SideBySide(session)
        self.studies = StudiesPanel(session, self.beside, self.opening.open_series, self.side_by_side.show)
        self.drops = Drops(session, self.opening, self.side_by_side.show)
        self.segments = SegmentController(SegmentsPanel(), session)
        self.ai = AiPanel(session, self.beside)
        self.programs = ProgramConsent(session)
        self.download = DownloadPanel(session, self.programs)
        self.training = TrainingPanel(session)
        self.ai.found.connect(self.training.offer)
        self.ai.wants_to_learn.connect(self.training.open)
        self.importing = Importing(window, session, self.programs)
        self.care = ModelCare(session, self.ai, self.programs)
        self.proposals = ProposalsPanel(session)
        self.tool = ToolOptionsPanel(session)
        self.status = StatusFollower(window.status, session)
        self.viewer = ViewerLoader(window, session, self.beside)
        WindowActions(self).build()
        self.titles = Titles(window, session, self.actions)
        self.geometry = GeometryNotice(window.banner, session)
        self._place()
        session.notices.connect(self.show_notice)
        window.use(self)

    def _place(self) -> None:
        self.studies.use(self.actions)
        self.segments.use(self.actions)
        self.segments.panel.row(self.opening.question)
        self.ai.row(self.programs.question)
        self.studies.row(self.opening.moved.question, at=0)
        self.ai.row(self.care.question)
        self.window.left.add(self.studies, 1)
        self.window.right.add(self.segments.panel, 1)
        self.window.right.add(self.ai)
        self.window.right.add(self.download)
        self.window.right.add(self.training)
        self.window.right.add(self.proposals)
        self.window.right.add(self.tool)
        self.proposals.arrived.connect(lambda: self.window.right.bring_into_view(self.proposals))

    def load_viewer(self, path: Path | None = None) -> None:
        """Load the viewer and open what was asked for; then look for models and for interrupted work."""
        self.viewer.ready.connect(self.ai.find_models)
        self.viewer.ready.connect(lambda: self.status.device.find(self.beside))
        self.viewer.ready.connect(self.opening.offer_recovery)
        self.viewer.load()
        if path is not None:
            self.opening.open(path)

    def next_zone(self, by: int = 1) -> None:
        """Move the focus to the next part of the window: strip, studies, image, segments, proposals."""
        zones = [
            self.window.strip.menu_button, self.studies.tree, self.window.central, self.segments.panel.list,
            self.proposals.list,
        ]  # fmt: skip
        shown = [zone for zone in zones if zone.isVisible() or zone is self.window.central]
        focused = self.window.focusWidget()
        now = next((n for n, zone in enumerate(shown) if focused and _holds(zone, focused)), -1)
        shown[(now + by) % len(shown)].setFocus(Qt.FocusReason.TabFocusReason)

    def show_notice(self, notice: Notice) -> None:
        """Good news goes to the status bar; everything else to the banner above the image."""
        if notice.kind == "ok":
            self.window.status.say(f"{notice.text} {notice.hint}".strip())
        else:
            self.window.banner.show_message(notice.kind, notice.text, notice.hint)

    def close(self) -> None:
        """End everything that the window started, each whatever becomes of the others."""
        with ExitStack() as last_first:
            last_first.callback(self.closing.remember_place)
            last_first.callback(self.session.close)
            last_first.callback(self.beside.close)
            last_first.callback(self.opening.first_look.close_look)
            last_first.callback(self.viewer.close)
            last_first.callback(self.opening.dropped.forget)


def _holds(zone: QWidget, widget: QWidget) -> bool:
    return zone is widget or zone.isAncestorOf(widget)
