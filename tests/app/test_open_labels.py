"""A mask lands on the series for which it was opened, or nowhere."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_app.app.commands.case import undo
from medseg_app.app.commands.open import open_labels
from medseg_app.app.commands.segments import add_segment
from medseg_app.app.enter_case import enter
from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.errors import WrongUse
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.io.nrrd import write_labels


@pytest.fixture
def mask(volume, tmp_path):
    voxels = np.zeros(volume.geometry.shape, np.uint8)
    voxels[2:4, 5:9, 6:11] = 1
    write_labels(LabelMap((voxels,), volume.geometry, (Segment(1, "Liver", 1),)), tmp_path / "m.nrrd")
    return tmp_path / "m.nrrd"


def test_a_mask_lands_where_it_lies(session, mask):
    (number,) = session.run(open_labels, path=mask)
    box = session.case.segmentation.box(number)
    assert (box.start, box.stop) == ((2, 5, 6), (4, 9, 11))


def test_a_mask_that_comes_when_another_series_is_open_is_refused(session, volume, mask):
    """Reading takes a while, in which a reader can go on to the next patient."""
    job = open_labels(session, path=mask)
    labels = job.work(lambda *_: None)
    another = Volume(volume.voxels.copy(), volume.geometry, id="5.6.7")
    enter(session, Case.of(another))
    with pytest.raises(WrongUse, match=r"m\.nrrd was meant for a series that is not open any more"):
        job.apply(labels)
    assert session.case.segmentation.segments == ()


def test_segments_that_all_overlap_each_other_come_as_they_are(session, volume, tmp_path):
    """dcmqi and 3D Slicer write such files."""
    layers = np.zeros((4, *volume.geometry.shape), np.uint8)
    for number, layer in enumerate(layers):
        layer[2:4, 5:9, 6 : 11 + number] = 1
    rows = tuple(Segment(n, f"Layer {n}", 1, n - 1) for n in (1, 2, 3, 4))
    write_labels(LabelMap(tuple(layers), volume.geometry, rows), tmp_path / "o.seg.nrrd")
    made = session.run(open_labels, path=tmp_path / "o.seg.nrrd")
    found = session.case.segmentation
    assert [found.voxel_count(number) for number in made] == [2 * 4 * n for n in (5, 6, 7, 8)]
    session.run(undo)
    assert (found.groups, found.segments) == (1, ())


def test_more_labels_than_two_arrays_of_bytes_hold(session, volume, tmp_path):
    voxels = np.zeros(volume.geometry.shape, np.uint16)
    voxels[3].flat[:600] = np.arange(1, 601)
    rows = tuple(Segment(n, f"Lesion {n}", n) for n in range(1, 601))
    write_labels(LabelMap((voxels,), volume.geometry, rows), tmp_path / "m.nrrd")
    made = session.run(open_labels, path=tmp_path / "m.nrrd")
    assert [session.case.segmentation.voxel_count(number) for number in made] == [1] * 600


def test_a_mask_has_the_voxels_that_a_reader_once_took_from_another_segment(session, mask):
    number, box = session.run(add_segment), Box((0, 0, 0), (6, 12, 12))
    for erase in (False, True):
        with session.step("Brush") as writer:
            writer.write(LabelPatch(number, box, np.ones(box.shape, bool), erase=erase))
    (made,) = session.run(open_labels, path=mask)
    assert session.case.segmentation.segment(made).group == 0
    assert session.case.segmentation.voxel_count(made) == 2 * 4 * 5
