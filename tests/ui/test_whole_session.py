"""A reader's whole session on real and made-up studies, with mouse and keys on the real window.

Opens a study, lets a model propose, accepts, paints in every plane, undoes, saves, reopens, exports, and
compares the exported voxels with those that the mouse positions say, computed here from the DICOM files
(by SimpleITK), the size of the canvas and napari's camera.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from medseg_app.app.commands.proposals import open_candidates
from medseg_app.app.commands.segments import add_segment
from medseg_app.app.demo_study import write_demo_study
from medseg_app.app.models import list_models
from medseg_app.ui import main, scripted
from medseg_app.ui.stall_watchdog import StallWatchdog
from medseg_app.ui.window import MainWindow
from tests.data_folder import data, missing

BRUSH_MM = 9.0
LEFT = Qt.MouseButton.LeftButton
PLANES = {"axial": 0, "coronal": 1, "sagittal": 2}


class Patient:
    """Where voxels lie, as SimpleITK reads it from the files of a series."""

    def __init__(self, folder: Path, series: str) -> None:
        names = next(
            found
            for sub in [folder, *sorted(p for p in folder.rglob("*") if p.is_dir())]
            if (found := sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(sub), series))
        )
        self.image = sitk.ReadImage(names)
        matrix = np.reshape(self.image.GetDirection(), (3, 3)) * self.image.GetSpacing()
        self.affine = np.eye(4)
        self.affine[:3, :3] = matrix[:, ::-1]
        self.affine[:3, 3] = self.image.GetOrigin()
        self.shape = self.image.GetSize()[::-1]
        self.spacing = np.array(self.image.GetSpacing()[::-1])

    def voxel(self, position: Any) -> NDArray[np.int64]:
        return np.array(self.image.TransformPhysicalPointToIndex([float(n) for n in position])[::-1])


def own_positions(patient: Patient, view: Any, plane: str, cursor: Any, pixels: list[tuple[int, int]]) -> Any:
    """Patient mm of pixels of a view."""
    native = view.canvas.native
    camera = view.canvas.model.scene.camera
    middle = np.array([native.width(), native.height()]) / 2
    across_down = (np.array(pixels) - middle) / camera.zoom + np.array(camera.center[-2:])[::-1]
    k, j, i = (patient.affine[:3, n] / patient.spacing[n] for n in range(3))
    right, down = {"axial": (i, j), "coronal": (i, -k), "sagittal": (j, -k)}[plane]
    corner = np.zeros(4)
    corner[PLANES[plane]], corner[3] = patient.voxel(cursor)[PLANES[plane]], 1
    return (patient.affine @ corner)[:3] + across_down[:, :1] * right + across_down[:, 1:] * down


def near_line(patient: Patient, points: Any, plane: str, cursor: Any) -> NDArray[np.bool_]:
    """Voxels of the shown slice whose centre is within the brush's radius of the way of the pointer."""
    axis, number = PLANES[plane], patient.voxel(cursor)[PLANES[plane]]
    mask = np.zeros(patient.shape, bool)
    index = np.indices(patient.shape)
    index = np.take(index, [number], axis=axis + 1).reshape(3, -1).T
    centres = index @ patient.affine[:3, :3].T + patient.affine[:3, 3]
    best = np.full(len(index), np.inf)
    for start, end in pairwise(points):
        way = end - start
        share = np.clip((centres - start) @ way / max(way @ way, 1e-12), 0, 1)
        best = np.minimum(best, np.linalg.norm(centres - start - share[:, None] * way, axis=1))
    mask[tuple(index[best <= BRUSH_MM / 2].T)] = True
    return mask


class Reader:
    """Hands on mouse and keys."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        assert window.controller is not None
        self.controller = window.controller
        self.session = window.controller.session

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.window.activateWindow()
        self.window.setFocus()
        scripted.wait_until(self.window.isActiveWindow, 10, "the focus")
        QTest.keyClick(self.window, key, modifiers)
        scripted.pause(0.1)

    def control(self, key: Qt.Key) -> None:
        self.key(key, Qt.KeyboardModifier.ControlModifier)

    def rest(self) -> None:
        """Wait until nothing runs any more."""
        scripted.pause(0.1)
        scripted.wait_until(lambda: not self.session.tasks.running, 300, "a task")

    def stroke(self, plane: str) -> tuple[Any, list[tuple[int, int]]]:
        """Draw a stroke across the middle of a view; its cursor before and the pixels."""
        view = self.controller.viewer.area.views[plane]
        cursor = self.session.view.cursor_lps
        width, height = view.width(), view.height()
        way = [(0.44, 0.48), (0.5, 0.52), (0.56, 0.5)]
        pixels = [QPoint(round(width * x), round(height * y)) for x, y in way]
        QTest.mousePress(view.overlay, LEFT, pos=pixels[0])
        for pixel in pixels[1:]:
            QTest.mouseMove(view.overlay, pixel)
            scripted.pause(0.05)
        QTest.mouseRelease(view.overlay, LEFT, pos=pixels[-1])
        scripted.pause(0.05)
        return cursor, [(p.x(), p.y()) for p in pixels]

    def labels(self) -> NDArray[np.bool_]:
        segmentation = self.session.case.segmentation
        return np.any([segmentation.labels(g) > 0 for g in range(segmentation.groups)], axis=0)


@pytest.fixture
def open_study(qapp: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Open the window on a folder, as `medseg app FOLDER` does."""
    monkeypatch.setenv("MEDSEG_HOME", str(tmp_path / "home"))
    main.make_application()
    window = MainWindow()
    window.resize(1500, 950)

    def open_(folder: Path) -> Reader:
        window.painted.connect(lambda: main.fill(window, folder))
        window.show()
        scripted.wait_until(lambda: _is_open(window), 120, "the study")
        scripted.pause(0.3)
        return Reader(window)

    yield open_
    if window.controller is not None:
        window.controller.session.release_case(forget_unsaved=True)
        window.controller.close()
    window.hide()
    window.deleteLater()


def _is_open(window: MainWindow) -> bool:
    controller = window.controller
    return (
        controller is not None
        and controller.viewer.area is not None
        and controller.session.case is not None
        and not controller.session.tasks.running
    )


def run_model(reader: Reader, name: str) -> None:
    """Choose a model in the panel and press the key that runs it."""
    panel = reader.controller.ai
    scripted.wait_until(lambda: panel.choice.findText(name) >= 0, 60, "the list of models")
    panel.choice.setCurrentIndex(panel.choice.findText(name))
    reader.control(Qt.Key.Key_R)
    reader.rest()


def export_in_dialog(reader: Reader, target: Path) -> None:
    """Answer the export dialog: NIfTI beside DICOM SEG, under a name, then Return and Escape."""

    def answer() -> None:
        dialog: Any = QApplication.activeModalWidget()
        dialog.target.setText(str(target))
        dialog.formats[".nii.gz"].setChecked(True)
        dialog.overlap.setCurrentIndex(dialog.overlap.findData("last"))
        QTest.mouseClick(dialog.go, LEFT)
        scripted.wait_until(lambda: dialog._task is None, 300, "the export")
        dialog.reject()

    QTimer.singleShot(300, answer)
    reader.control(Qt.Key.Key_E)
    reader.rest()


def accept_everything(reader: Reader, model: str) -> None:
    """Run a model and accept what it proposes, one by one, by key."""
    run_model(reader, model)
    assert open_candidates(reader.session), "the model finds something in these images"
    for _ in open_candidates(reader.session):
        reader.key(Qt.Key.Key_A)
    assert not open_candidates(reader.session)
    assert all(decision == "accepted" for decision in reader.session.case.decisions.values())


def paint_in_every_plane(reader: Reader, patient: Patient) -> NDArray[np.bool_]:
    """One stroke per plane, the last of them undone; the labels that should be there now."""
    expected = reader.labels()
    reader.session.run(add_segment, name="Corrected")
    reader.session.view.brush_mm, reader.session.view.paint_over = BRUSH_MM, "unlocked"
    reader.key(Qt.Key.Key_B)
    assert reader.session.view.tool == "brush"
    for plane in PLANES:
        view = reader.controller.viewer.area.views[plane]
        cursor, pixels = reader.stroke(plane)
        drawn = near_line(patient, own_positions(patient, view, plane, cursor, pixels), plane, cursor)
        assert drawn.sum() > 5
        assert np.array_equal(reader.labels(), expected | drawn), (
            f"the stroke in the {plane} view is elsewhere"
        )
        if plane == "sagittal":
            reader.control(Qt.Key.Key_Z)
            assert np.array_equal(reader.labels(), expected), "undo takes the last stroke back"
        expected = reader.labels()
    return expected


def save_and_reopen(reader: Reader, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    reader.control(Qt.Key.Key_S)
    reader.rest()
    assert path.is_file()
    assert not reader.session.unsaved
    reader.controller.closing.close_case()
    assert reader.session.case is None
    reader.controller.opening.open(path)
    reader.rest()


def work_through(reader: Reader, folder: Path, model: str, tmp_path: Path, monkeypatch: Any) -> None:
    patient = Patient(folder, reader.session.case.volume.id.partition("#")[0])
    dog = StallWatchdog()
    dog.start()
    accept_everything(reader, model)
    expected = paint_in_every_plane(reader, patient)
    save_and_reopen(reader, tmp_path / "work.medseg", monkeypatch)
    assert np.array_equal(reader.labels(), expected)
    export_in_dialog(reader, tmp_path / "truth")
    dog.stop()
    exported = sitk.ReadImage(str(tmp_path / "truth.nii.gz"))
    assert np.array_equal(sitk.GetArrayFromImage(exported) > 0, expected)
    assert np.allclose(exported.GetOrigin(), patient.image.GetOrigin(), atol=1e-3)
    assert (tmp_path / "truth.seg.dcm").is_file()
    logging.getLogger("medseg.stalls").warning("what held the window's thread over 50 ms:\n%s", dog.report())


def require_model(name: str) -> None:
    if name not in {model["name"] for model in list_models().models}:
        missing(f"the model {name}")


def test_a_session_on_the_oblique_phantom(open_study: Any, tmp_path: Path, monkeypatch: Any) -> None:
    require_model("demo-lesions")
    study = tmp_path / "study"
    study.mkdir()
    write_demo_study(study)
    reader = open_study(study)
    work_through(reader, study, "demo-lesions", tmp_path, monkeypatch)


def test_a_session_on_a_real_ct(open_study: Any, tmp_path: Path, monkeypatch: Any) -> None:
    folder = data("dicom", "sarcoma_ct_pet_mr_rtstruct", "STS_003", "CT", "image")
    require_model("sarcoma-mask-rcnn")
    reader = open_study(folder)
    work_through(reader, folder, "sarcoma-mask-rcnn", tmp_path, monkeypatch)
