"""ViewLayout: where the four views lie; moving them keeps what each of them shows."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from medseg_app.app.view_state import Layout

GAP = 2
MAIN_SHARE = 0.66
ORDER = ("axial", "sagittal", "coronal", "3d")
BESIDE = "beside"
"""The view of another series; it is there only while that series is shown."""


def places(layout: Layout, large: str | None, main: str, size: QSize) -> dict[str, QRect]:
    """Where each visible view lies; a large view takes all, as does the main one where only one is shown."""
    if large is not None or layout == "one":
        return {large or main: QRect(0, 0, size.width(), size.height())}
    if layout == "side by side":
        return _halves(main, size)
    return _grid(size) if layout == "two by two" else _main_and_others(main, size)


def _halves(main: str, size: QSize) -> dict[str, QRect]:
    """The main view at the left, the other series at the right."""
    left = (size.width() - GAP) // 2
    rest = size.width() - left - GAP
    return {main: QRect(0, 0, left, size.height()), BESIDE: QRect(left + GAP, 0, rest, size.height())}


def _grid(size: QSize) -> dict[str, QRect]:
    left, top = (size.width() - GAP) // 2, (size.height() - GAP) // 2
    columns = ((0, left), (left + GAP, size.width() - left - GAP))
    rows = ((0, top), (top + GAP, size.height() - top - GAP))
    cells = ((0, 0), (1, 0), (0, 1), (1, 1))
    return {
        name: QRect(columns[c][0], rows[r][0], columns[c][1], rows[r][1])
        for name, (c, r) in zip(ORDER, cells, strict=True)
    }


def _main_and_others(main: str, size: QSize) -> dict[str, QRect]:
    """The others stand beside the main view, or below it where that leaves it more room."""
    if size.width() >= size.height():
        return _main_and_column(main, size)
    turned = _main_and_column(main, size.transposed())
    return {name: QRect(r.y(), r.x(), r.height(), r.width()) for name, r in turned.items()}


def _main_and_column(main: str, size: QSize) -> dict[str, QRect]:
    width = int((size.width() - GAP) * MAIN_SHARE)
    found = {main: QRect(0, 0, width, size.height())}
    others = [name for name in ORDER if name != main]
    height = (size.height() - 2 * GAP) / 3
    for number, name in enumerate(others):
        top, bottom = round(number * (height + GAP)), round(number * (height + GAP) + height)
        found[name] = QRect(width + GAP, top, size.width() - width - GAP, bottom - top)
    return found


class ViewLayout(QWidget):
    """Holds the views and puts them in their places."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._views: dict[str, QWidget] = {}
        self._arrangement: tuple[Layout, str | None, str] = ("one and three", None, "axial")

    def add_views(self, views: Mapping[str, QWidget]) -> None:
        """The views by name (ORDER, BESIDE)."""
        self._views.update(views)
        self._place()

    def remove_view(self, name: str) -> None:
        """Forget a view."""
        self._views.pop(name, None)

    def arrange(self, layout: Layout, large: str | None, main: str) -> None:
        """Use another layout; `large` is the view that takes all, `main` the one that leads."""
        self._arrangement = (layout, large, main)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new size out."""
        self._place()
        super().resizeEvent(event)

    def _place(self) -> None:
        found = places(*self._arrangement, self.size())
        for name, view in self._views.items():
            if name in found:
                view.setGeometry(found[name])
            view.setVisible(name in found)
