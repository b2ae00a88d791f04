"""FirstLook: the middle slice of a series, on the screen while the rest is still being read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from . import figures, theme
from .off_thread import MainThread, OffThread
from .thumbnails import picture_of

if TYPE_CHECKING:
    from medseg_app.app.session import Session
    from medseg_app.app.tasks import Task
    from medseg_app.io.dicom.volume_info import VolumeInfo

MOST_PIXELS = 1024
LINE = 32


class FirstLook(QWidget):
    """Lies over the images until the task that opens a series is over; never takes the mouse."""

    def __init__(self, window: QWidget, over: QWidget, session: Session, main: MainThread) -> None:
        super().__init__(window)
        self._window, self._over = window, over
        self._beside = OffThread(main)  # the other thread may be busy with what nobody waits for
        self._task: Task | None = None
        self.picture = QImage()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        session.tasks.changed.connect(self._on_task)

    def follow(self, task: Task | None, info: VolumeInfo) -> None:
        """Show the middle slice of a series as soon as it is read, unless the whole series was faster."""
        self._task = task
        if task is not None:
            self._beside.run(partial(picture_of, info, _pixels(info)), partial(self._show, task))

    def close_look(self) -> None:
        """Wait for what is being read; call it before the window closes."""
        self._beside.close()

    def _show(self, task: Task, picture: QImage) -> None:
        if task is not self._task or task.is_over:
            return
        self.picture = picture
        self._cover()
        self.raise_()
        self.show()

    def _on_task(self, task: Task) -> None:
        if task is not self._task:
            return
        if task.is_over:
            self._task = None
            self.hide()
        elif self.isVisible():
            self._cover()
            self.update()

    def _cover(self) -> None:
        """Lie over the images, also after the window took another size."""
        self.setGeometry(QRect(self._over.mapTo(self._window, QPoint(0, 0)), self._over.size()))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The slice on black, in the middle, and how far reading is."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.CANVAS))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        room = QRectF(self.rect()).adjusted(0, LINE, 0, -LINE)
        size = QSizeF(self.picture.size()).scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(QPoint(0, 0), size)
        place.moveCenter(room.center())
        painter.drawImage(place, self.picture)
        if self._task is not None:
            painter.setPen(QColor(theme.SECONDARY))
            painter.setFont(theme.font(theme.CAPTION_PX))
            line = QRectF(0, self.height() - LINE, self.width(), LINE)
            text = figures.progress(self._task.message, self._task.seconds_left)
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, text)


def _pixels(info: VolumeInfo) -> int:
    """Pixels of the longer side: not more than there are voxels, or their edges would be seen."""
    (_, rows, columns), (_, row_mm, column_mm) = info.shape, info.spacing
    return min(MOST_PIXELS, round(max(rows * row_mm, columns * column_mm) / min(row_mm, column_mm)))
