"""A reader's whole session on real and made-up studies, with mouse and keys on the real window.

Opens a study, lets a model propose, accepts, paints in every plane, undoes, saves, reopens and exports, all
by keys and by names typed into dialogs, and compares the exported voxels with those that the mouse positions
say, computed here from the DICOM files (by SimpleITK), the size of the canvas and napari's camera.
"""

from __future__ import annotations

import logging
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton

from medseg_app.app.commands.proposals import open_candidates
from medseg_app.app.demo_study import write_demo_study
from medseg_app.app.models import list_models
from medseg_app.ui import scripted
from medseg_app.ui.stall_watchdog import StallWatchdog
from tests.data_folder import data, missing

from .reader import ALT, CTRL, LEFT, SHIFT, Key, Reader, answer_dialog, answer_menu, type_name

BRUSH_MM = 8.3
"""One step below the 10 mm of a first start: steps are a fifth, and sizes whole tenths."""
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


def run_model(reader: Reader, name: str) -> None:
    """Choose a model in the list, and press the key that runs it."""
    choice = reader.controller.ai.choice
    scripted.wait_until(lambda: choice.findText(name) >= 0, 60, "the list of models")
    reader.key(Key.Key_M, CTRL | SHIFT)
    QTest.keyClicks(choice.view(), name)
    QTest.keyClick(choice.view(), Key.Key_Return)
    assert choice.currentText() == name
    reader.control(Key.Key_R)
    reader.rest()


def export_in_dialog(reader: Reader, target: Path) -> None:
    """Export as NIfTI beside DICOM SEG, under a name that is typed into the dialog behind "Choose"."""

    def answer(dialog: Any) -> None:
        QTest.keyClick(dialog, Key.Key_2, ALT)
        QTest.keyClick(dialog, Key.Key_O, ALT)
        QTest.keyClick(dialog.overlap, Key.Key_End)
        chooses = lambda: QTest.keyClick(dialog, Key.Key_C, ALT)  # noqa: E731
        answer_dialog(chooses, lambda files: type_name(files, target))
        assert dialog.target.text() == str(target)
        QTest.keyClick(dialog, Key.Key_Return)
        scripted.wait_until(lambda: not dialog.go.isEnabled(), 10, "the start of the export")
        scripted.wait_until(dialog.go.isEnabled, 300, "the export")
        assert [line.partition(" ")[0] for line in dialog.outcome.lines] == [
            "truth.seg.dcm",
            "truth.nii.gz",
        ]
        QTest.keyClick(dialog, Key.Key_Escape)

    answer_dialog(lambda: reader.control(Key.Key_E), answer)


def accept_everything(reader: Reader, model: str) -> None:
    """Run a model and accept what it proposes, one by one, by key."""
    run_model(reader, model)
    assert open_candidates(reader.session), "the model finds something in these images"
    for _ in open_candidates(reader.session):
        reader.key(Key.Key_A)
    assert not open_candidates(reader.session)
    assert all(decision == "accepted" for decision in reader.session.case.decisions.values())


def add_segment(reader: Reader, name: str) -> None:
    """Type the name of a new segment."""
    reader.key(Key.Key_N)
    line = reader.controller.segments.add_line.line
    QTest.keyClicks(line, name)
    QTest.keyClick(line, Key.Key_Return)
    assert reader.session.case.segmentation.segments[-1].name == name


def take_brush(reader: Reader) -> None:
    """A brush one step smaller than the first one, which paints over other segments."""
    for key in (Key.Key_B, Key.Key_BracketRight, Key.Key_BracketLeft, Key.Key_BracketLeft, Key.Key_O):
        reader.key(key)
    options = reader.controller.tool
    assert options.fact.text() == "brush"
    assert options.diameter_text.text() == f"{BRUSH_MM} mm"
    assert [button.text() for button in options.over.findChildren(QPushButton) if button.isChecked()] == [
        "Unlocked"
    ]


def paint_in_every_plane(reader: Reader, patient: Patient) -> NDArray[np.bool_]:
    """One stroke per plane, the last of them undone; the labels that should be there now."""
    expected = reader.labels()
    add_segment(reader, "Corrected")
    take_brush(reader)
    for plane in PLANES:
        view = reader.controller.viewer.area.views[plane]
        cursor, pixels = reader.stroke(plane)
        drawn = near_line(patient, own_positions(patient, view, plane, cursor, pixels), plane, cursor)
        assert drawn.sum() > 5
        assert np.array_equal(reader.labels(), expected | drawn), (
            f"the stroke in the {plane} view is elsewhere"
        )
        if plane == "sagittal":
            reader.control(Key.Key_Z)
            assert np.array_equal(reader.labels(), expected), "undo takes the last stroke back"
        expected = reader.labels()
    return expected


def save_and_reopen(reader: Reader, folder: Path) -> None:
    """Save under a typed name, and under another; open one by its name, the other from the recent ones."""
    expected = reader.labels()
    reader.type_into_dialog(folder / "work", Key.Key_S)
    reader.type_into_dialog(folder / "copy.medseg", Key.Key_S, CTRL | SHIFT)
    assert not reader.session.unsaved
    assert sorted(path.name for path in folder.glob("*.medseg")) == ["copy.medseg", "work.medseg"]
    close_case(reader)
    reader.type_into_dialog(folder / "work.medseg", Key.Key_O, CTRL | ALT)
    assert np.array_equal(reader.labels(), expected)
    close_case(reader)
    open_recent(reader, "copy.medseg")
    assert np.array_equal(reader.labels(), expected)
    assert reader.session.case.path.name == "copy.medseg"


def close_case(reader: Reader) -> None:
    reader.control(Key.Key_W)
    assert reader.session.case is None


def open_recent(reader: Reader, name: str) -> None:
    """Open a case from the list behind the button Open: up to Recent, into it, down to the name."""
    (button,) = (b for b in reader.window.strip.findChildren(QToolButton) if b.text() == "Open")

    def answer(menu: Any) -> None:
        for key in (Key.Key_Up, Key.Key_Right):
            QTest.keyClick(menu, key)
        recent = QApplication.activePopupWidget()
        names = [Path(action.text()).name for action in recent.actions()]
        for _ in range(names.index(name)):
            QTest.keyClick(recent, Key.Key_Down)
        QTest.keyClick(recent, Key.Key_Return)

    answer_menu(lambda: QTest.mouseClick(button, LEFT), answer)
    reader.rest()


def work_through(reader: Reader, folder: Path, model: str, place: Path) -> None:
    """Open a study, mark, correct, save and export it; place: an empty folder for what is written."""
    reader.type_into_dialog(folder, Key.Key_O)
    scripted.wait_until(reader.is_looking, 120, "the study")
    patient = Patient(folder, reader.session.case.volume.id.partition("#")[0])
    dog = StallWatchdog()
    dog.start()
    accept_everything(reader, model)
    expected = paint_in_every_plane(reader, patient)
    save_and_reopen(reader, place)
    export_in_dialog(reader, place / "truth")
    dog.stop()
    exported = sitk.ReadImage(str(place / "truth.nii.gz"))
    assert np.array_equal(sitk.GetArrayFromImage(exported) > 0, expected)
    assert np.allclose(exported.GetOrigin(), patient.image.GetOrigin(), atol=1e-3)
    assert (place / "truth.seg.dcm").is_file()
    logging.getLogger("medseg.stalls").warning("what held the window's thread over 50 ms:\n%s", dog.report())


def require_model(name: str) -> None:
    if name not in {model["name"] for model in list_models().models}:
        missing(f"the model {name}")


def test_a_session_on_the_oblique_phantom(whole_window: Any, tmp_path: Path) -> None:
    require_model("demo-lesions")
    study, place = tmp_path / "study", tmp_path / "place"
    study.mkdir()
    place.mkdir()
    write_demo_study(study)
    work_through(whole_window(), study, "demo-lesions", place)


def test_a_session_on_a_real_ct(whole_window: Any, tmp_path: Path) -> None:
    folder = data("dicom", "sarcoma_ct_pet_mr_rtstruct", "STS_003", "CT", "image")
    require_model("sarcoma-mask-rcnn")
    work_through(whole_window(), folder, "sarcoma-mask-rcnn", tmp_path)
