"""What may be dropped on the window: a folder, a DICOM file, a segmentation, something else."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtTest import QTest

from medseg_app.app.commands.export import export
from medseg_app.app.commands.segments import add_segment
from medseg_app.app.demo_study import write_demo_study
from medseg_app.core.box import Box
from medseg_app.core.label_edit import LabelPatch
from medseg_app.ui.scripted import pause, run_to_end, wait_until


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo_study(tmp_path_factory.mktemp("study"))


def drop(window, *paths):
    drop_urls(window, [QUrl.fromLocalFile(str(path)) for path in paths])


def drop_urls(window, urls):
    data = QMimeData()
    data.setUrls(urls)
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    window.dropEvent(QDropEvent(QPointF(400, 300), copy, data, left, Qt.KeyboardModifier.NoModifier))
    session, dropped = window.controller.session, window.controller.opening.dropped
    pause(0.1)
    wait_until(lambda: not dropped.is_busy and not session.tasks.running, 60)


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


def test_a_mask_comes_onto_the_image_that_was_dropped_with_it(empty_window, tmp_path):
    session, window = empty_window.controller.session, empty_window
    image = np.random.default_rng(1).normal(0, 300, (20, 96, 96)).astype(np.int16)
    sitk.WriteImage(sitk.GetImageFromArray(image), str(tmp_path / "ct.nii.gz"))
    sitk.WriteImage(sitk.GetImageFromArray(block(image.shape)), str(tmp_path / "a.seg.nrrd"))
    drop(window, tmp_path / "a.seg.nrrd", tmp_path / "ct.nii.gz")
    assert session.case.volume.id == "ct.nii.gz"
    (segment,) = session.case.segmentation.segments
    assert session.case.segmentation.voxel_count(segment.id) == 4 * 20 * 20


def test_of_two_folders_dropped_together_the_first_is_shown(empty_window, study, tmp_path):
    session, shown = empty_window.controller.session, []
    session.changed.connect(lambda change: shown.append(session.case) if "case" in change.kinds else None)
    (tmp_path / "longer").symlink_to(study)
    drop(empty_window, tmp_path / "longer", study)
    assert len(shown) == 1


def test_while_a_model_runs_what_is_dropped_is_opened(empty_window, study):
    from threading import Event

    from medseg_app.app.command import Job

    session, end = empty_window.controller.session, Event()
    session.tasks.start(Job("Long", lambda _: end.wait(60), lambda _: None), session.fail)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(study)), QUrl.fromLocalFile(str(study / "gone.nii"))])
    empty_window.controller.drops.take(data)
    wait_until(lambda: "gone.nii" in empty_window.banner.text, 60)
    assert session.case is not None
    end.set()
    wait_until(lambda: not session.tasks.running, 60)


def test_label_maps_of_dicom_are_masks_too(tmp_path):
    from medseg_app.app.left_out import is_dicom_seg

    head = b"\0" * 128 + b"DICM" + b"\x02\0\x02\0UI\x1c\0"
    (tmp_path / "map.dcm").write_bytes(head + b"1.2.840.10008.5.1.4.1.1.66.7")
    (tmp_path / "ct.dcm").write_bytes(head + b"1.2.840.10008.5.1.4.1.1.2\0\0\0")
    assert is_dicom_seg(tmp_path / "map.dcm")
    assert not is_dicom_seg(tmp_path / "ct.dcm")


def test_an_address_without_a_place_is_not_the_folder_we_are_in(empty_window):
    drop_urls(empty_window, [QUrl("file:"), QUrl("https://example.org/study")])
    assert not empty_window.banner.isVisible()
    assert not empty_window.controller.session.studies


def test_of_a_series_that_was_left_nothing_stays_in_memory(empty_window, study):
    session = empty_window.controller.session
    drop(empty_window, study)
    left = []
    for info in list(session.studies) * 2:
        left.append(weakref.ref(session.case))
        empty_window.controller.opening.open_series(info.id)
        pause(0.1)
        wait_until(lambda: not session.tasks.running, 60)
        pause(0.1)
    gc.collect()
    assert [case() for case in left if case() not in (None, session.case)] == []


# -- what is dragged over the window ---------------------------------------------------------------


def drag_over(window, *paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    event = QDragEnterEvent(QPoint(400, 300), copy, data, left, Qt.KeyboardModifier.NoModifier)
    window.dragEnterEvent(event)
    pause(0.05)
    return event


def test_the_window_tells_what_dropping_will_do(empty_window, study, tmp_path):
    window, hint = empty_window, empty_window._hint
    assert drag_over(window, study).isAccepted()
    assert hint.isVisible()
    assert hint.size() == window.size()
    assert hint.text == f"Drop to open the folder {study.name}"
    window.dragLeaveEvent(QDragLeaveEvent())
    assert not hint.isVisible()
    drag_over(window, tmp_path / "liver.nii.gz")
    assert hint.text == "Drop to open liver.nii.gz"
    window.dragLeaveEvent(QDragLeaveEvent())
    drag_over(window, tmp_path / "a", tmp_path / "b")
    assert hint.text == "Drop to open 2 files or folders"
    drop(window, study)
    assert not hint.isVisible()
    drag_over(window, tmp_path / "liver.nii.gz")
    assert hint.text == "Drop to open liver.nii.gz, or to put it onto the open series if it is a mask"


def test_the_hint_stands_out_at_every_edge(empty_window, study):
    from PySide6.QtGui import QColor

    from medseg_app.ui import theme

    drag_over(empty_window, study)
    image = empty_window.grab().toImage()
    middle, right, bottom = image.height() // 2, image.width() - 1, image.height() - 1
    for x, y in ((0, middle), (right, middle), (200, 0), (200, bottom)):
        assert image.pixelColor(x, y) == QColor(theme.ACCENT)


def test_dragged_text_is_not_taken(empty_window):
    data = QMimeData()
    data.setText("liver")
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    event = QDragEnterEvent(QPoint(400, 300), copy, data, left, Qt.KeyboardModifier.NoModifier)
    event.setAccepted(False)
    empty_window.dragEnterEvent(event)
    assert not event.isAccepted()
    assert not empty_window._hint.isVisible()


# -- a mask or an image ----------------------------------------------------------------------------


@pytest.fixture
def opened(empty_window, study):
    drop(empty_window, study)
    return empty_window


def write_like(series, path, voxels, moved=0.0):
    """A file on the grid of the open series, or beside it, written by SimpleITK."""
    geometry = series.geometry
    image = sitk.GetImageFromArray(voxels)
    steps = np.stack([geometry.i_step, geometry.j_step, geometry.k_step], axis=1)
    spacing = np.linalg.norm(steps, axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((steps / spacing).ravel().tolist())
    image.SetOrigin((geometry.origins[0] + moved).tolist())
    sitk.WriteImage(image, str(path))
    return path


def block(shape, value=1, dtype=np.uint8):
    voxels = np.zeros(shape, dtype)
    voxels[10:14, 40:60, 50:70] = value
    return voxels


@pytest.mark.parametrize("name", ["liver.nii.gz", "liver.nrrd", "liver.mha"])
def test_a_dropped_mask_on_the_same_grid_needs_no_question(opened, tmp_path, name):
    session = opened.controller.session
    case = session.case
    drop(opened, write_like(case.volume, tmp_path / name, block(case.volume.geometry.shape, 3)))
    assert session.case is case
    assert not opened.controller.opening.question.isVisible()
    (segment,) = case.segmentation.segments
    assert case.segmentation.voxel_count(segment.id) == 4 * 20 * 20


@pytest.mark.parametrize("kind", ["negative", "fractions", "many"])
def test_a_dropped_image_is_opened_without_a_question(opened, tmp_path, kind):
    session = opened.controller.session
    case, shape = session.case, session.case.volume.geometry.shape
    many = (np.arange(np.prod(shape)) % 1000).reshape(shape).astype(np.int16)
    voxels = {
        "negative": block(shape, -5, np.int16),
        "fractions": block(shape, 0.5, np.float32),
        "many": many,
    }
    drop(opened, write_like(case.volume, tmp_path / "other.nii.gz", voxels[kind]))
    assert session.case is not case
    assert session.case.volume.id == "other.nii.gz"


def undecided(window, tmp_path, name="t.nii.gz"):
    volume = window.controller.session.case.volume
    drop(window, write_like(volume, tmp_path / name, block(volume.geometry.shape), moved=1.5))
    return window.controller.opening.question


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_I, Qt.Key.Key_Escape])
def test_where_nothing_settles_it_the_panel_asks(opened, tmp_path, key):
    session = opened.controller.session
    session.view.show_panels = False
    case = session.case
    question = undecided(opened, tmp_path)
    assert question.isVisible(), "the panels unfold"
    assert "t.nii.gz" in question.text.text()
    assert not case.segmentation.segments
    assert session.case is case
    opened.activateWindow()
    wait_until(question.mask_button.hasFocus, 10, "the focus")
    QTest.keyClick(opened.focusWidget(), key)
    pause(0.1)
    wait_until(lambda: not session.tasks.running, 60)
    assert not question.isVisible()
    assert (session.case is not case) == (key == Qt.Key.Key_I)
    assert len(session.case.segmentation.segments) == (key == Qt.Key.Key_Return)
    assert session.view.interpolate, "the key of the answer is no key of the window"


def test_questions_come_one_after_another_and_go_with_the_case(opened, tmp_path):
    question = undecided(opened, tmp_path, "a.nii.gz")
    undecided(opened, tmp_path, "b.nii.gz")
    assert "a.nii.gz" in question.text.text()
    question.neither_button.click()
    assert "b.nii.gz" in question.text.text()
    opened.controller.closing.close_case()
    assert not question.isVisible()


def test_an_image_chosen_in_the_menu_is_opened_whatever_its_values(opened, tmp_path):
    session = opened.controller.session
    shape = session.case.volume.geometry.shape
    path = write_like(session.case.volume, tmp_path / "mask.nii.gz", block(shape))
    opened.controller.opening.open(path)
    pause(0.1)
    wait_until(lambda: not session.tasks.running, 60)
    assert session.case.volume.id == "mask.nii.gz"
