"""What may be dropped on the window: a folder, a DICOM file, a segmentation, something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from medseg_app.app.commands.export import export
from medseg_app.app.commands.segments import add_segment
from medseg_app.app.demo_study import write_demo_study
from medseg_app.core.box import Box
from medseg_app.core.label_edit import LabelPatch
from medseg_app.ui.scripted import pause, run_to_end, wait_until


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo_study(tmp_path_factory.mktemp("study"))


def drop(window, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    window.dropEvent(QDropEvent(QPointF(400, 300), copy, data, left, Qt.KeyboardModifier.NoModifier))
    session = window.controller.session
    pause(0.1)
    wait_until(lambda: not session.tasks.running, 60)
    pause(0.1)
    wait_until(lambda: not session.tasks.running, 60)


def test_a_dropped_folder_opens_its_largest_series(empty_window, study):
    drop(empty_window, study)
    session = empty_window.controller.session
    assert session.case.volume.geometry.shape[0] == 44
    assert len(session.studies) == 4


def test_a_single_dropped_slice_opens(empty_window, study):
    drop(empty_window, next(path for path in sorted(study.rglob("*")) if path.is_file()))
    assert empty_window.controller.session.case is not None


def test_a_file_that_cannot_be_opened_is_told_with_the_reason(empty_window, tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    drop(empty_window, tmp_path / "notes.txt")
    assert empty_window.banner.text == (
        "notes.txt cannot be opened: not a DICOM file. Choose another folder."
    )


def test_a_dropped_segmentation_comes_onto_the_open_series(empty_window, study, tmp_path):
    drop(empty_window, study)
    session = empty_window.controller.session
    number = session.run(add_segment, name="Liver")
    box = Box((10, 40, 50), (14, 60, 70))
    with session.step("fill") as writer:
        writer.write(LabelPatch(number, box, writer.segmentation.labels(0)[box.slices] == 0))
    path = tmp_path / "liver.seg.dcm"
    run_to_end(session, export, paths=[path])
    case = session.case
    drop(empty_window, path)
    assert session.case is case, "the open series stays"
    assert [segment.name for segment in case.segmentation.segments] == ["Liver", "Liver 1"]
    counts = {case.segmentation.voxel_count(segment.id) for segment in case.segmentation.segments}
    assert counts == {4 * 20 * 20}
