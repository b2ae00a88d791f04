"""The browser: patients, studies, series with thumbnails and badges, from a dropped folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest

from medseg_app.app.enter_case import enter
from medseg_app.core.case import Case
from medseg_app.io.dicom.series_writer import write_series
from medseg_app.ui.panels.study_delegate import StudyDelegate
from medseg_app.ui.panels.study_entries import day, person
from medseg_app.ui.panels.study_model import ENTRY, KIND, PICTURE
from medseg_app.ui.scripted import pause, wait_until
from medseg_app.ui.thumbnails import LONG_SIDE, grey_picture

from .conftest import oblique_volume


@pytest.fixture
def folder(tmp_path):
    write_series(
        oblique_volume(), tmp_path / "study" / "abdomen", seed=1, series="abdomen", description="Abdomen"
    )
    (tmp_path / "study" / "notes.txt").write_text("not an image")
    return tmp_path / "study"


def drop(window, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(700, 400),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


@pytest.fixture
def opened(empty_window, folder):
    drop(empty_window, folder)
    session = empty_window.controller.session
    wait_until(lambda: session.case is not None, 60)
    pause(0.2)
    return empty_window


def series_index(window):
    tree = window.controller.studies.tree
    model = tree.model()
    patient = model.index(0, 0)
    study = model.index(0, 0, patient)
    return tree, model.index(0, 0, study)


def test_a_dropped_folder_is_listed_and_its_series_shown(opened):
    _, index = series_index(opened)
    assert index.data(KIND) == "series"
    assert "Abdomen" in index.data()
    assert opened.controller.session.case.volume.voxels.shape == (12, 40, 48)
    assert not opened.controller.studies.empty.isVisible()


def test_what_a_row_is_too_narrow_for_stands_in_its_tooltip(empty_window, tmp_path):
    long = "Abdomen native, arterial, portal venous, thin slices, B30f"
    write_series(oblique_volume(), tmp_path / "study", seed=1, description=long)
    drop(empty_window, tmp_path / "study")
    session = empty_window.controller.session
    wait_until(lambda: session.case is not None, 60)
    pause(0.2)
    tree, index = series_index(empty_window)
    assert long in index.data(Qt.ItemDataRole.ToolTipRole)
    for above in (index.parent(), index.parent().parent()):
        assert above.data(Qt.ItemDataRole.ToolTipRole) == above.data()
    assert tree.visualRect(index).width() < 6 * len(long), "else the test shows nothing"


def test_the_thumbnail_arrives(opened):
    _, index = series_index(opened)
    wait_until(lambda: index.data(PICTURE) is not None, 20)
    picture = index.data(PICTURE)
    assert max(picture.width(), picture.height()) == LONG_SIDE


def test_a_file_that_was_opened_has_its_own_thumbnail_and_modality(window, session):
    def picture():
        index = window.controller.studies.model.item_of(session.case.volume.id).index()
        return index.data(PICTURE)

    wait_until(lambda: picture() is not None, 20)
    first = picture()
    assert max(first.width(), first.height()) == LONG_SIDE
    entry = window.controller.studies.model.item_of(session.case.volume.id).data(ENTRY)
    assert entry.facts.startswith("CT  12 slices")
    now = session.case.volume
    enter(session, Case.of(replace(now, voxels=now.voxels[::-1].copy())))
    wait_until(lambda: picture() != first, 20, "the picture of a file of the same name")


def test_a_click_on_the_badge_opens_the_findings_in_place(opened):
    tree, index = series_index(opened)
    assert not tree.isExpanded(index)
    place = StudyDelegate.badge_rect(tree.visualRect(index)).center()
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place.x() - 40, place.y()))
    assert tree.isExpanded(index)
    finding = tree.model().index(0, 0, index)
    assert finding.data(KIND) == "finding"
    assert finding.data()


def test_an_empty_folder_is_told_in_the_banner(empty_window, tmp_path):
    (tmp_path / "nothing").mkdir()
    drop(empty_window, tmp_path / "nothing")
    wait_until(empty_window.banner.isVisible, 20)
    assert "nothing" in empty_window.banner.text


def test_a_dropped_file_that_is_no_image_is_told(empty_window, folder):
    drop(empty_window, folder / "notes.txt")
    wait_until(empty_window.banner.isVisible, 20)
    assert "notes.txt" in empty_window.banner.text


def test_names_and_dates_are_written_for_people():
    assert person("Doe^Jane^Mary") == "Doe, Jane Mary"
    assert person("Doe") == "Doe"
    assert day("20240301") == "2024-03-01"
    assert day("") == ""


def test_a_thumbnail_has_square_millimetres():
    plane = np.zeros((100, 50), np.int16)
    picture = grey_picture(plane, row_mm=1.0, column_mm=2.0, window=(0, 100))
    assert (picture.width(), picture.height()) == (LONG_SIDE, LONG_SIDE)


def test_the_window_maps_values_to_grey():
    plane = np.array([[-1000, 0, 1000]], np.int16)
    picture = grey_picture(plane, 1.0, 1.0, window=(0, 1000))
    greys = [picture.pixelColor(x, 0).red() for x in (5, LONG_SIDE // 2, LONG_SIDE - 5)]
    assert greys == [0, 127, 255]
    inverted = grey_picture(plane, 1.0, 1.0, window=(0, 1000), inverted=True)
    assert inverted.pixelColor(5, 0).red() == 255


def test_a_series_that_is_dragged_with_shift_held_stays_in_the_list(controller):
    """Qt takes rows away that were moved; it moves where Shift is held and the model lets it."""
    assert controller.studies.model.supportedDragActions() == Qt.DropAction.CopyAction
