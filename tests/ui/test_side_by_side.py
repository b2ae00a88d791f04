"""Two series side by side in the whole window: keys, progress, cancel, other cases, a real study."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest

from medseg_app.app.beside import series_to_show
from medseg_app.core.volume import Volume
from medseg_app.io.dicom.series_writer import write_series
from medseg_app.ui.panels.study_model import BESIDE, SERIES_TYPE
from medseg_app.ui.scripted import pause, wait_until
from tests.data_folder import data

from .conftest import oblique_volume

SHIFT = Qt.KeyboardModifier.ShiftModifier
PLAIN = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A CT and two MR series of one study and one frame of reference."""
    ct = oblique_volume()
    for number, name in enumerate(("ct", "t1", "t2"), 1):
        volume = Volume(ct.voxels, ct.geometry, id=name, modality="CT" if name == "ct" else "MR")
        facts = {"series": name, "series_number": number, "description": name.upper()}
        write_series(volume, tmp_path / "study" / name, seed=1, **facts)
    return tmp_path / "study"


@pytest.fixture
def open_study(empty_window: Any) -> Any:
    def open_(folder: Path) -> Any:
        controller = empty_window.controller
        controller.load_viewer(folder)
        wait_until(lambda: controller.viewer.area is not None and controller.session.case is not None, 120)
        rest(empty_window)
        return empty_window

    return open_


def rest(window: Any) -> None:
    pause(0.1)
    wait_until(lambda: not window.controller.session.tasks.running, 120, "a task")
    pause(0.1)


def press(window: Any, key: Qt.Key, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    window.activateWindow()
    window.central.setFocus()
    wait_until(window.isActiveWindow, 10, "the focus")
    QTest.keyClick(window, key, modifiers)


def beside_name(window: Any) -> str:
    beside = window.controller.session.beside
    return beside.case.volume.description if beside else ""


def test_the_keys_go_through_the_series_of_the_study_and_out_again(open_study: Any, study: Path) -> None:
    window = open_study(study)
    session, area = window.controller.session, window.controller.viewer.area
    first = session.case.volume.description
    names = []
    for _ in range(3):
        press(window, Qt.Key.Key_L, SHIFT)
        rest(window)
        names.append(beside_name(window))
        assert session.view.layout == "side by side"
        assert session.beside.linked
        assert area.beside.isVisible()
    assert names == [name for name in ("CT", "T1", "T2") if name != first] + names[:1]
    assert session.case.volume.description == first, "the open case stays"
    press(window, Qt.Key.Key_L)
    pause(0.1)
    assert (session.view.layout, session.beside, area.beside) == ("one and three", None, None)


def test_the_layouts_follow_each_other_on_one_key(open_study: Any, study: Path) -> None:
    window = open_study(study)
    view, seen = window.controller.session.view, []
    for _ in range(4):
        press(window, Qt.Key.Key_L)
        rest(window)
        seen.append(view.layout)
    assert seen == ["two by two", "one", "side by side", "one and three"]


def test_the_tree_shows_a_chosen_series_beside_and_marks_it(open_study: Any, study: Path) -> None:
    window = open_study(study)
    tree, session = window.controller.studies.tree, window.controller.session
    chosen = series_to_show(session)[1]
    item = window.controller.studies.model.item_of(chosen)
    window.activateWindow()
    tree.setCurrentIndex(item.index())
    tree.setFocus()
    wait_until(tree.hasFocus, 10, "the focus")
    QTest.keyClick(tree, Qt.Key.Key_Return, SHIFT)
    rest(window)
    assert session.beside.case.volume.id == chosen
    assert item.data(BESIDE)
    assert window.controller.actions["show_beside"] in tree.actions()
    assert tree.contextMenuPolicy() == Qt.ContextMenuPolicy.ActionsContextMenu


def drag(kind: Any, data: Any, place: QPoint) -> Any:
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    event = kind(place, copy, data, left, PLAIN)
    event.setAccepted(False)
    return event


def test_a_series_dragged_onto_the_images_stands_beside(open_study: Any, study: Path) -> None:
    window = open_study(study)
    session, model = window.controller.session, window.controller.studies.model
    chosen = series_to_show(session)[1]
    data = model.mimeData([model.item_of(chosen).index()])
    images = window.central.mapTo(window, window.central.rect().center())
    window.dragEnterEvent(drag(QDragEnterEvent, data, QPoint(60, 200)))
    assert not window._hint.isVisible(), "the list takes nothing"
    over = drag(QDragMoveEvent, data, images)
    window.dragMoveEvent(over)
    assert over.isAccepted()
    name = session.studies.find(chosen).description
    assert window._hint.text == f"Drop to show {name} beside the open series"
    assert window._hint.size() == window.central.size()
    window.dropEvent(drag(QDropEvent, data, images))
    assert not window._hint.isVisible()
    rest(window)
    assert session.beside.case.volume.id == chosen


def test_the_open_series_cannot_be_dragged_beside_itself(open_study: Any, study: Path) -> None:
    window = open_study(study)
    model = window.controller.studies.model
    data = model.mimeData([model.item_of(window.controller.session.case.volume.id).index()])
    event = drag(QDragEnterEvent, data, window.central.mapTo(window, QPoint(50, 50)))
    window.dragEnterEvent(event)
    assert not event.isAccepted()
    data.setData(SERIES_TYPE, b"1.2.3 of another window")
    window.dragEnterEvent(event)
    assert not event.isAccepted()
    patient = model.index(0, 0)
    assert not model.flags(patient) & Qt.ItemFlag.ItemIsDragEnabled


def test_the_series_beside_is_read_beside_the_window_and_can_be_stopped(
    open_study: Any, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_study(study)
    session, threads = window.controller.session, []

    def slow(info: Any, progress: Any) -> Any:
        threads.append(threading.current_thread())
        for step in range(10_000):
            progress(step / 10_000)
            threading.Event().wait(0.005)

    monkeypatch.setattr("medseg_app.io.dicom.volume.load_volume", slow)
    press(window, Qt.Key.Key_L, SHIFT)
    wait_until(window.status.task.isVisible, 10)
    wait_until(lambda: "beside" in window.status.task.text.text(), 10)
    wait_until(lambda: bool(threads), 10)  # else it may be stopped before it begins
    QTest.mouseClick(window.status.task.cross, Qt.MouseButton.LeftButton)
    rest(window)
    assert threading.main_thread() not in threads
    assert (session.view.layout, session.beside) == ("one and three", None)
    assert window.banner.text == "", "a cancel is no error"


def test_closing_or_changing_the_case_ends_it(open_study: Any, study: Path) -> None:
    window = open_study(study)
    controller, session = window.controller, window.controller.session
    press(window, Qt.Key.Key_L, SHIFT)
    rest(window)
    other = session.beside.case.volume.id
    controller.opening.open_series(other)
    rest(window)
    assert session.case.volume.id == other
    assert (session.view.layout, session.beside) == ("one and three", None)
    press(window, Qt.Key.Key_L, SHIFT)
    rest(window)
    assert session.beside is not None
    controller.closing.close_case()
    pause(0.1)
    assert (session.beside, controller.viewer.area.beside) == (None, None)


def test_without_another_series_it_tells_what_to_do(open_study: Any, study: Path) -> None:
    window = open_study(study / "ct")
    press(window, Qt.Key.Key_L, SHIFT)
    pause(0.1)
    assert "No other series of this study" in window.banner.text
    session = window.controller.session
    for layout in ("two by two", "one", "one and three"):
        press(window, Qt.Key.Key_L)
        assert session.view.layout == layout, "the layout of two series is left out"


@pytest.mark.parametrize("patient", ["STS_002", "STS_003"])
def test_ct_and_pet_of_a_real_patient_scroll_together(open_study: Any, patient: str) -> None:
    folder = data("dicom", "sarcoma_ct_pet_mr_rtstruct", patient)
    window = open_study(folder)
    session, area = window.controller.session, window.controller.viewer.area
    ids = {info.modality: info.id for info in session.studies}
    if session.case.volume.modality != "CT":
        window.controller.opening.open_series(ids["CT"])
        rest(window)
    images = {kind: _image(folder, uid) for kind, uid in ids.items()}
    for kind in ("PT", "MR"):
        window.controller.side_by_side.show(ids[kind])
        rest(window)
        assert session.beside.linked
        assert session.beside.case.volume.modality == kind
        _scroll_through(session, area, images["CT"], images[kind])


def _image(folder: Path, uid: str) -> Any:
    places = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    names = next(n for p in places if (n := sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(p), uid)))
    return sitk.ReadImage(names)


def _scroll_through(session: Any, area: Any, ct: Any, other: Any) -> None:
    """In every plane and all through the CT: the slice beside is where SimpleITK puts the same mm."""
    for plane, axis in (("axial", 2), ("coronal", 1), ("sagittal", 0)):  # of (i, j, k), as SimpleITK counts
        session.view.plane = plane
        for number in range(0, ct.GetSize()[axis], 7):
            index = [(n - 1) // 2 for n in ct.GetSize()]
            index[axis] = number
            session.view.cursor_lps = ct.TransformIndexToPhysicalPoint(index)
            there = other.TransformPhysicalPointToContinuousIndex(session.view.cursor_lps)[axis]
            last = other.GetSize()[axis] - 1
            assert area.views[plane].slice_index == number
            assert area.beside.slice_index == int(np.clip(np.floor(there + 0.5), 0, last))
            assert area.beside.overlay.frame().shows_cursor == (-0.501 <= there <= last + 0.501)
