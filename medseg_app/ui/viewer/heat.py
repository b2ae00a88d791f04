"""HeatStrips: which slices hold labels, counted in a thread so that painting never waits for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QColor

from medseg_app.core.case import Case
from medseg_app.ui import theme

from .overlays.slice_bar import Runs, runs_of
from .plane import ViewPlane

DELAY_MS = 400
"""A stroke is counted once, some time after its last dab."""
LABELS = QColor(theme.TEXT)
LABELS.setAlpha(150)
PROPOSALS = QColor(theme.NOTE)

Occupied = tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]
"""Per array axis: which indices hold a label."""


class HeatStrips(QObject):
    """Keeps the occupied slices of the open case up to date. `ready` comes on the main thread."""

    ready = Signal()
    _counted = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._case: Case | None = None
        self._occupied: Occupied | None = None
        self._pool = ThreadPoolExecutor(1, "heat strip")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._start)
        self._counted.connect(self._take)

    def ask(self, case: Case | None) -> None:
        """Count again soon; None forgets everything."""
        if case is not self._case:
            self._case, self._occupied = case, None
            self.ready.emit()
        if case is not None:
            self._timer.start()

    def close(self) -> None:
        """Stop counting."""
        self._timer.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> None:
        case = self._case
        if case is not None:
            self._pool.submit(occupied_slices, case).add_done_callback(self._report(case))

    def _report(self, case: Case) -> Callable[[Future[Occupied]], None]:
        def report(future: Future[Occupied]) -> None:
            if not future.cancelled() and future.exception() is None:
                self._counted.emit(case, future.result())

        return report

    def _take(self, case: Case, occupied: Occupied) -> None:
        if case is self._case:
            self._occupied = occupied
            self.ready.emit()

    def runs(self, plane: ViewPlane) -> Runs:
        """The slices of a plane that hold labels, and those that hold undecided proposals."""
        if self._case is None or self._occupied is None:
            return []
        found = runs_of(self._occupied[plane.axis], LABELS)
        boxes = [candidate.box for candidate in self._case.so_far]
        if self._case.proposal is not None:
            for number, candidate in enumerate(self._case.proposal.candidates):
                if number not in self._case.decisions:
                    boxes.append(candidate.box)
        found += [(box.start[plane.axis], box.stop[plane.axis], PROPOSALS) for box in boxes]
        return found


def occupied_slices(case: Case) -> Occupied:
    """Per array axis, which slices hold at least one labelled voxel of any group."""
    shape = case.segmentation.shape
    in_k, in_ji = np.zeros(shape[0], bool), np.zeros(shape[1:], bool)
    for group in range(case.segmentation.groups):
        for k, labels in enumerate(case.segmentation.labels(group)):
            here = labels != 0
            if here.any():
                in_k[k] = True
                in_ji |= here
    return in_k, np.asarray(in_ji.any(axis=1)), np.asarray(in_ji.any(axis=0))
