"""MainWindow: tool strip, studies, viewer, segments, status; shown first, filled afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from .banner import Banner
from .drop_hint import DropHint
from .labels import label
from .status_bar import StatusBar
from .tool_strip import ToolStrip

if TYPE_CHECKING:
    from .controller import Controller

LEFT_WIDTH, RIGHT_WIDTH = 248, 304
LAYOUT_MS = 50
"""Rows within rows are laid out in several turns of Qt's loop."""
EMPTY = "Drop a study folder here, or press Ctrl+O to open one."


class MainWindow(QMainWindow):
    """The frame of the application. `central` stacks the empty state and the viewer.

    painted: emitted once, after the first paint.
    """

    painted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.controller: Controller | None = None
        self._was_painted = False
        self._agreed_to_close = False
        self.setWindowTitle("MedSeg")
        self.setMinimumSize(QSize(1024, 640))
        self.resize(1440, 900)
        self.setAcceptDrops(True)
        self.strip = ToolStrip()
        self.banner = Banner()
        self.status = StatusBar()
        self.left, self.right = SidePanel(LEFT_WIDTH), SidePanel(RIGHT_WIDTH)
        self.central = QStackedWidget()
        self.central.addWidget(_empty_canvas())
        self.central.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.central.setAccessibleName("Images")
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self._build()
        self._hint = DropHint(self)

    def _build(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.central, 1)
        for part in (self.left, middle, self.right):
            self.splitter.addWidget(part)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(1)
        self.splitter.setSizes([LEFT_WIDTH, 4000, RIGHT_WIDTH])
        whole = QWidget()
        rows = QVBoxLayout(whole)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        for part in (self.strip, self.splitter, self.status):
            rows.addWidget(part, 1 if part is self.splitter else 0)
        self.setCentralWidget(whole)

    def use(self, controller: Controller) -> None:
        """Be steered by a controller from now on."""
        self.controller = controller
        controller.closing.restore_place()
        controller.viewer.follow(controller.status)

    def add_viewer(self, viewer: QWidget) -> None:
        """Take the viewer in; it stays behind the empty state until there is something to show."""
        self.central.addWidget(viewer)

    def show_viewer(self, shown: bool) -> None:
        """Show the viewer, or the line that says how to begin."""
        self.central.setCurrentIndex(1 if shown else 0)

    def flip_full_screen(self) -> None:
        """Fill the screen, or be a window again."""
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    def fold_panels(self, shown: bool) -> None:
        """Show or hide both side panels; the image takes their place."""
        self.left.setVisible(shown)
        self.right.setVisible(shown)

    # -- Qt ----------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._drop_text(event.mimeData()):
            self.dragMoveEvent(event)
            event.acceptProposedAction()  # wherever it came in, it may be moved to where it can be dropped

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """A series of the list is dropped on the images, files wherever the reader likes."""
        target = self._target(event.mimeData())
        if target.rect().contains(target.mapFrom(self, event.position().toPoint())):
            event.acceptProposedAction()
            if not self._hint.isVisible():
                self._hint.tell(self._drop_text(event.mimeData()), target)
        else:
            event.ignore()
            self._hint.hide()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._hint.hide()
        if self.controller is not None and self._drop_text(event.mimeData()):
            event.acceptProposedAction()
            self.controller.drops.take(event.mimeData())

    def _drop_text(self, data: QMimeData) -> str:
        return self.controller.drops.text(data) if self.controller is not None else ""

    def _target(self, data: QMimeData) -> QWidget:
        return self if data.hasUrls() else self.central

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.controller is None:
            return
        self.controller.session.gestures.settle()
        closing, asks = self.controller.closing, self.controller.session.unsaved and not self._agreed_to_close
        if asks:
            event.ignore()
            closing.leave(self._close_for_good)
        elif closing.awaits_files(self._close_soon):
            event.ignore()
            self._agreed_to_close = False
        else:
            self.controller.close()

    def _close_for_good(self) -> None:
        self._agreed_to_close = True
        self._close_soon()

    def _close_soon(self) -> None:
        # Qt ignores a close within a close event, so this one comes after it.
        QTimer.singleShot(0, self.close)


class SidePanel(QScrollArea):
    """A column of sections that scrolls where the screen is low."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(width - 40)
        self.setMaximumWidth(2 * width)
        self._width = width
        inner = QFrame()
        inner.setProperty("role", "panel")
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self.setWidget(inner)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        """The panel's usual width."""
        return QSize(self._width, 400)

    def add(self, section: QWidget, stretch: int = 0) -> None:
        """Add a section below the others."""
        self.column.addWidget(section, stretch)

    def bring_into_view(self, section: QWidget) -> None:
        """Scroll as far as a section needs, once its new contents have their place."""
        QTimer.singleShot(LAYOUT_MS, section, lambda: self.ensureWidgetVisible(section, 0, 0))


def _empty_canvas() -> QWidget:
    canvas = QFrame()
    canvas.setProperty("role", "canvas")
    line = QHBoxLayout(canvas)
    line.addWidget(label(EMPTY, "empty"), 0, Qt.AlignmentFlag.AlignCenter)
    return canvas
