"""A dab and its undo, through the LabelWriter and through napari's Labels layer."""

from __future__ import annotations

import numpy as np

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.history import History
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.segment import Segment
from medseg_app.core.segmentation import Segmentation
from medseg_app.editing.stamp import Stamper

from .row import Row
from .timing import measure

SHAPE = (400, 512, 512)
DABS = 20
"""Dabs per timing; a figure of the table is for all of them."""
UNDOS = 5
ROUNDS = 9


def place(number: int) -> tuple[int, int, int]:
    """The middle (k, j, i) of a dab: side by side as in a stroke, each on voxels not painted before."""
    return 60 + 45 * (number // 900), 60 + 45 * (number // 100 % 9), 60 + 4 * (number % 100)


class Ours:
    """Dabs as the brush makes them: stamp in mm, write, commit."""

    def __init__(self, size: int, three: bool) -> None:
        geometry = VolumeGeometry.regular(SHAPE, np.eye(4))
        self.writer = LabelWriter(Segmentation(geometry))
        self.history = History(self.writer)
        self.stamper, self.radius, self.three = Stamper(geometry), size / 2, three
        self.writer.begin("Add")
        self.writer.put_segment(Segment(1, "Lesion", 1))
        self.writer.commit()
        stamp = self.stamp(place(0))
        self.box, self.mask = stamp.box, stamp.mask
        self.count = 0

    def stamp(self, centre):
        position = self.stamper.geometry.to_patient(centre)
        if self.three:
            return self.stamper.ball(position, position, self.radius)
        return self.stamper.disc(position, position, self.radius, 0, centre[0])

    def dabs(self) -> None:
        """Write dabs in a row: what a stroke costs per move."""
        if not self.writer.is_open:
            self.writer.begin("Brush")
        for _ in range(DABS):
            self.writer.write(self.patch())

    def patch(self) -> LabelPatch:
        """The next dab."""
        box = self.box.shifted(np.subtract(place(self.count), place(0)))
        self.count += 1
        return LabelPatch(1, box, self.mask)

    def undos(self) -> None:
        for _ in range(UNDOS):
            self.history.undo()

    def stroke(self) -> None:
        """One committed stroke of one dab, to be undone."""
        self.writer.begin("Brush")
        self.writer.write(self.patch())
        edit = self.writer.commit()
        if edit is not None:
            self.history.push(edit)


class Napari:
    """The same dabs by napari.layers.Labels.paint, uint8, without a viewer."""

    def __init__(self, size: int, three: bool) -> None:
        from napari.layers import Labels

        self.layer = Labels(np.zeros(SHAPE, np.uint8))
        self.layer.brush_size = size
        self.layer.n_edit_dimensions = 3 if three else 2
        self.count = 0

    def dabs(self) -> None:
        for _ in range(DABS):
            self.stroke()

    def stroke(self) -> None:
        self.layer.paint(place(self.count), 1)
        self.count += 1

    def undos(self) -> None:
        for _ in range(UNDOS):
            self.layer.undo()


def rows() -> list[Row]:
    """Dabs of 10 and 40 mm (2D and 3D) and their undo."""
    found = []
    for size in (10, 40):
        for three in (False, True):
            found += _rows(f"{size} mm, {'3D' if three else '2D'}", Ours(size, three), Napari(size, three))
    return found


def _rows(what: str, ours: Ours, napari: Napari) -> list[Row]:
    goal = {"napari": 0.25}
    dabs = measure(f"{DABS} dabs of {what}", ours.dabs, {"napari": napari.dabs}, goal, ROUNDS)
    ours.writer.abort()
    for side in (ours, napari):
        for _ in range(UNDOS * ROUNDS):
            side.stroke()
    goal = {"napari": 0.1}
    undos = measure(f"{UNDOS} undos of a dab of {what}", ours.undos, {"napari": napari.undos}, goal, ROUNDS)
    return [dabs, undos]
