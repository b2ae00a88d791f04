"""A dab and its undo, through the LabelWriter and through napari's Labels layer."""

from __future__ import annotations

from statistics import median

import numpy as np

from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.history import History
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.segment import Segment
from medseg_app.core.segmentation import Segmentation
from medseg_app.editing.stamp import Stamper

from .row import Row
from .timing import measure, seconds, within

SHAPE = (400, 512, 512)
DABS = 20
"""Dabs per timing; a figure of the table is for all of them."""
UNDOS = 5
ROUNDS = 25


def place(number: int) -> tuple[int, int, int]:
    """The middle (k, j, i) of a dab: side by side as in a stroke, each on voxels not painted before."""
    return 60 + 45 * (number // 900), 60 + 45 * (number // 100 % 9), 60 + 4 * (number % 100)


class Ours:
    """Dabs as the brush makes them, of one stamp that is made beforehand: napari keeps its own too."""

    def __init__(self, size: int, three: bool, shape: tuple[int, int, int] = SHAPE) -> None:
        geometry = VolumeGeometry.regular(shape, np.eye(4))
        self.writer = LabelWriter(Segmentation(geometry))
        self.history = History(self.writer)
        self.stamper, self.radius, self.three = Stamper(geometry), size / 2, three
        self.writer.begin("Add")
        self.writer.put_segment(Segment(1, "Lesion", 1))
        self.writer.commit()
        here = self.stamper.geometry.to_patient(place(0))
        stamp = self.stamp(place(0), here, here)
        self.box, self.mask = stamp.box, stamp.mask
        self.count = 0

    def stamp(self, centre, before, here):
        """That of a move which ends in a middle (k, j, i); both ends in mm."""
        if self.three:
            return self.stamper.ball(before, here, self.radius)
        return self.stamper.disc(before, here, self.radius, 0, centre[0])

    def dabs(self) -> None:
        """Write dabs in a row: what a stroke costs per move."""
        if not self.writer.is_open:
            self.writer.begin("Brush")
        for _ in range(DABS):
            self.writer.write(self.patch())

    def moves(self) -> None:
        """The same with a stamp for every move of the mouse, from the place before to the next."""
        if not self.writer.is_open:
            self.writer.begin("Brush")
        before = self.stamper.geometry.to_patient(place(self.count))
        for _ in range(DABS):
            self.count += 1
            centre = place(self.count)
            here = self.stamper.geometry.to_patient(centre)
            stamp = self.stamp(centre, before, here)
            self.writer.write(LabelPatch(1, stamp.box, stamp.mask))
            before = here

    def patch(self) -> LabelPatch:
        """The next dab."""
        box = self.box.shifted([n - first for n, first in zip(place(self.count), place(0), strict=True)])
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
    return [*found, _organ(), _independence()]


def _organ() -> Row:
    """Undo of an organ-sized edit on 400 x 512 x 512, by the clock: there is no peer for it."""
    ours = Ours(10, False)
    axis = np.arange(180) - 90
    ball = np.add.outer(np.add.outer(axis**2, axis**2), axis**2) < 88**2
    times = []
    for _ in range(ROUNDS):
        ours.writer.begin("Organ")
        ours.writer.write(LabelPatch(1, Box.of((100, 100, 100), (280, 280, 280)), ball))
        edit = ours.writer.commit()
        assert edit is not None
        ours.history.push(edit)
        times.append(seconds(ours.history.undo))
    return within("undo of an organ-sized edit (2.9 million voxels) on 400 x 512 x 512", median(times), 0.1)


def _independence() -> Row:
    """The same dabs on a small and on a large volume."""
    large, small = Ours(10, True), Ours(10, True, (96, 512, 512))
    return measure(
        f"{DABS} dabs on 400 slices beside 96 slices",
        large.dabs,
        {"96 slices": small.dabs},
        {"96 slices": 1.25},
        ROUNDS,
    )


def _rows(what: str, ours: Ours, napari: Napari) -> list[Row]:
    goal = {"napari": 0.25}
    dabs = measure(f"{DABS} dabs of {what}", ours.dabs, {"napari": napari.dabs}, goal, ROUNDS)
    moves = measure("the same with a stamp for every move", ours.moves, {"napari": napari.dabs}, {}, ROUNDS)
    ours.writer.abort()
    for side in (ours, napari):
        for _ in range(UNDOS * ROUNDS):
            side.stroke()
    goal = {"napari": 0.1}
    undos = measure(f"{UNDOS} undos of a dab of {what}", ours.undos, {"napari": napari.undos}, goal, ROUNDS)
    return [dabs, moves, undos]
