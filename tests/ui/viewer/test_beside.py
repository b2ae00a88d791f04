"""Another series beside the open one shows the same place of the patient; expected places are made here.

Both grids are oblique and anisotropic, turned differently, and the slices of the second run the other way.
A place is found by inverting the two matrices with numpy; nothing of the product's geometry is asked.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from medseg_app.app.beside import Beside
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume
from medseg_app.ui.viewer import beside_view
from medseg_app.ui.viewer.overlays.corner_text import OUTSIDE, patient_lines, place_lines

from .conftest import SHAPE, oblique_affine, settle
from .test_painting_lands import bright_spot, drag, picture
from .test_views import noise, wheel

OTHER_SHAPE = (24, 44, 50)
FRAME = "1.2.826.0.1.77"
CURSOR = (9, 22, 16)
AXES = {"axial": 0, "coronal": 1, "sagittal": 2}


def main_affine() -> NDArray[np.float64]:
    return oblique_affine()


def other_affine() -> NDArray[np.float64]:
    """Turned the other way, 2.1 x 1.3 x 0.9 mm, slices from head to feet, around the same middle."""
    a, c = np.deg2rad([-15.0, 11.0])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(c), 0, np.sin(c)], [0, 1, 0], [-np.sin(c), 0, np.cos(c)]])
    affine = np.eye(4)
    affine[:3, :3] = (about_x @ about_y)[:, ::-1] * (-2.1, 1.3, 0.9)
    middle = main_affine() @ [9.5, 19.5, 17.5, 1]
    affine[:3, 3] = middle[:3] - affine[:3, :3] @ ((np.array(OTHER_SHAPE) - 1) / 2)
    return affine


def place_of(affine: NDArray[np.float64], index: Any) -> NDArray[np.float64]:
    return np.asarray((affine @ [*index, 1])[:3])


def index_of(affine: NDArray[np.float64], place: Any) -> NDArray[np.float64]:
    return np.asarray((np.linalg.inv(affine) @ [*place, 1])[:3])


def other_volume(voxels: Any = None, frame: str = FRAME, **more: Any) -> Volume:
    voxels = np.zeros(OTHER_SHAPE, np.int16) if voxels is None else voxels
    geometry = VolumeGeometry.regular(OTHER_SHAPE, other_affine(), frame)
    return Volume(voxels, geometry, id="other", modality="MR", description="T1", window=(500, 1000), **more)


@pytest.fixture
def pair(show: Callable[..., Any], session: Any) -> Callable[..., Any]:
    """A function that shows a volume beside the open one and returns the area."""

    def put(volume: Volume, plane: str = "axial") -> Any:
        area = show(noise(), CURSOR, VolumeGeometry.regular(SHAPE, main_affine(), FRAME))
        session.view.plane = plane
        session.show_beside(Beside(volume, session))
        settle(150)
        return area

    return put


@pytest.mark.parametrize("plane", AXES)
def test_the_slice_beside_is_the_one_nearest_to_the_same_place(pair: Any, session: Any, plane: str) -> None:
    area = pair(other_volume(), plane)
    axis, seen = AXES[plane], set()
    assert area.beside.plane.axis == axis
    for _ in range(6):
        wheel(area.views[plane], -1)
        expected = index_of(other_affine(), session.view.cursor_lps)
        assert area.beside.slice_index == int(np.floor(expected[axis] + 0.5))
        seen.add(area.beside.slice_index)
    assert len(seen) > 3
    assert area.beside.slice_index != area.views[plane].slice_index, "an index would have done by chance"


@pytest.mark.parametrize("plane", AXES)
def test_scrolling_beside_takes_the_open_series_along(pair: Any, session: Any, plane: str) -> None:
    area, axis = pair(other_volume(), plane), AXES[plane]
    wheel(area.beside, 3)
    there = index_of(other_affine(), session.view.cursor_lps)
    assert abs(there[axis] - round(there[axis])) < 1e-6, "the place lies on the slice beside"
    here = index_of(main_affine(), session.view.cursor_lps)
    assert area.views[plane].slice_index == int(np.floor(here[axis] + 0.5))


@pytest.mark.parametrize("plane", AXES)
def test_a_click_on_a_spot_beside_puts_the_cross_of_both_there(pair: Any, session: Any, plane: str) -> None:
    voxels, target = np.zeros(OTHER_SHAPE, np.int16), (14, 20, 29)
    voxels[target] = 1000
    area = pair(other_volume(voxels), plane)
    session.view.tool = "brush"  # it has nothing to do beside
    place = place_of(other_affine(), target)
    session.view.cursor_lps = tuple(place.tolist())
    x, y = bright_spot(area.beside)
    session.view.cursor_lps = tuple((place + 7).tolist())
    session.view.cursor_lps = tuple((place + other_affine()[:3, (AXES[plane] + 1) % 3] * 3).tolist())
    QTest.mouseClick(area.beside.overlay, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    one_pixel = 1.0 / area.beside.camera.zoom
    assert np.linalg.norm(np.subtract(session.view.cursor_lps, place)) < 2 * one_pixel
    assert not session.case.segmentation.labels(0).any()


def lines_of_the_cross(session: Any, view: Any) -> tuple[float, float]:
    """Pixel (x, y) of the cross lines, from two pictures of the view, with and without them."""
    grabs = []
    for shown in (True, False):
        session.view.show_cross = shown
        settle(60)
        image = view.grab().toImage()
        grabs.append(
            np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[..., :3].astype(int)
        )
    changed = np.abs(grabs[0] - grabs[1]).max(axis=2) > 8
    return float(changed.sum(axis=0).argmax()), float(changed.sum(axis=1).argmax())


def test_the_cross_is_drawn_at_the_same_place_in_both(pair: Any, session: Any) -> None:
    voxels, target = np.zeros(OTHER_SHAPE, np.int16), (10, 24, 20)
    voxels[target] = 1000
    area = pair(other_volume(voxels))
    session.view.cursor_lps = tuple(place_of(other_affine(), target).tolist())
    x, y = bright_spot(area.beside)
    found = lines_of_the_cross(session, area.beside)
    np.testing.assert_allclose(found, (x, y), atol=1.5)


def test_beyond_the_last_slice_no_cross_claims_a_place(pair: Any, session: Any) -> None:
    area = pair(other_volume())
    session.view.cursor_lps = tuple(place_of(other_affine(), (40, 20, 20)).tolist())
    frame = area.beside.overlay.frame()
    assert (OUTSIDE, "note") in place_lines(frame)
    assert not frame.shows_cursor
    session.view.cursor_lps = tuple(place_of(other_affine(), (23.4, 20, 20)).tolist())
    assert area.beside.overlay.frame().shows_cursor


@pytest.mark.parametrize("frame", ["1.2.826.0.1.78", ""])
def test_without_a_common_frame_it_says_so_and_scrolls_by_itself(pair: Any, session: Any, frame: str) -> None:
    area = pair(other_volume(frame=frame))
    before, place = area.beside.slice_index, session.view.cursor_lps
    wheel(area.views["axial"], 2)
    assert area.beside.slice_index == before
    place = session.view.cursor_lps
    wheel(area.beside, 2)
    assert area.beside.slice_index != before
    assert session.view.cursor_lps == place
    assert not session.beside.view.show_cross
    assert area.beside.warnings[0].startswith("Not linked")
    assert not area.beside.caption


@pytest.mark.parametrize(("other", "warned"), [("18", True), ("17", False), ("", False)])
def test_another_patient_is_never_taken_for_this_one(
    show: Any, session: Any, other: str, warned: bool
) -> None:
    geometry = VolumeGeometry.regular(SHAPE, main_affine(), "")
    area = show(noise(), CURSOR, geometry)
    session.case.volume.patient["id"] = "17"
    session.show_beside(Beside(other_volume(patient={"id": other}), session))
    first = beside_view.OTHER_PATIENT if warned else ()
    assert area.beside.warnings == (*first, *beside_view.NO_FRAME)
    assert place_lines(area.beside.overlay.frame()) == [(text, "note") for text in area.beside.warnings]


def test_a_large_view_gives_half_of_its_room(show: Any, session: Any) -> None:
    area = show(noise(), CURSOR, VolumeGeometry.regular(SHAPE, main_affine(), FRAME))
    session.view.large = True
    session.show_beside(Beside(other_volume(), session))
    settle(80)
    assert area.beside.isVisible()
    assert area.views["axial"].isVisible()


def test_each_has_its_own_window(pair: Any, session: Any) -> None:
    area = pair(other_volume(np.full(OTHER_SHAPE, 400, np.int16)))
    mine, theirs = session.view.window, session.beside.view.window
    assert theirs == (500, 1000)
    session.view.tool = "window"
    bright = picture(area.beside).max()
    drag(area.beside, (100.0, 100.0), (100.0, 60.0))
    settle(80)
    assert session.view.window == mine
    assert session.beside.view.window != theirs
    assert picture(area.beside).max() > bright


def test_presets_and_keys_go_to_the_series_that_was_pressed_last(pair: Any, session: Any) -> None:
    from medseg_app.app.beside import in_hand

    area = pair(other_volume())
    assert area.active is area.views["axial"]
    QTest.mouseClick(area.beside.overlay, Qt.MouseButton.LeftButton, pos=QPoint(60, 200))
    assert area.active is area.beside
    assert in_hand(session)[0].id == "other"
    assert not area.views["axial"].overlay.frame().is_active
    QTest.mouseClick(area.views["axial"].overlay, Qt.MouseButton.LeftButton, pos=QPoint(60, 200))
    assert in_hand(session)[0].id == "test"


def test_both_views_share_the_width_and_a_double_click_makes_one_large(pair: Any, session: Any) -> None:
    area = pair(other_volume(), "coronal")
    main, beside = area.views["coronal"], area.beside
    assert [view.isVisible() for view in area.views.values()].count(True) == 1
    assert not area.volume_view.isVisible()
    assert main.geometry().right() < beside.geometry().left()
    assert abs(main.width() - beside.width()) <= 1
    for view, other in ((beside, main), (main, beside)):
        QTest.mouseClick(view.overlay, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
        QTest.mouseDClick(view.overlay, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
        settle(80)
        assert view.size() == area.size()
        assert not other.isVisible()
        QTest.mouseDClick(view.overlay, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
        settle(80)
        assert other.isVisible()


def test_another_plane_is_shown_of_both(pair: Any, session: Any) -> None:
    area = pair(other_volume())
    session.view.plane = "sagittal"
    settle(80)
    assert area.views["sagittal"].isVisible()
    assert (area.beside.name, area.beside.plane.name) == ("sagittal", "sagittal")
    assert area.beside.overlay.frame().is_active is False


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Nothing is freed but by being let go."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("leave", ["layout", "case", "large beside"])
def test_leaving_gives_the_memory_back(pair: Any, session: Any, leave: str) -> None:
    area = pair(other_volume())
    gone = weakref.ref(session.beside.case.volume)
    if leave == "large beside":
        QTest.mouseClick(area.beside.overlay, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
        session.view.large = True
        settle(50)
    if leave == "case":
        session.release_case(forget_unsaved=True)
    else:
        session.view.layout = "two by two"
    settle(100)
    assert session.beside is None
    assert area.beside is None
    assert gone() is None
    assert session.view.is_active
    if leave != "case":
        assert [view.isVisible() for view in area.views.values()] == [True] * 3
    else:
        assert session.view.layout == "one and three"


def test_names_can_be_hidden_and_the_kind_of_series_stays(pair: Any, session: Any) -> None:
    who = {"name": "Doe^Jane", "id": "17", "study_date": "20240301"}
    area = pair(replace(other_volume(), patient=who))
    area.beside.resize(500, 600)
    texts = [text for text, _ in patient_lines(area.beside.overlay.frame())]
    assert texts == ["Doe Jane", "17  2024-03-01", "MR  T1"]
    session.view.show_patient = False
    assert patient_lines(area.beside.overlay.frame()) == [("MR", "main")]
    assert (beside_view.LINKED, "plain") in place_lines(area.beside.overlay.frame())


def test_what_lies_under_the_pointer_beside_is_told_of_that_series(pair: Any, session: Any) -> None:
    voxels = np.random.default_rng(3).integers(0, 900, OTHER_SHAPE).astype(np.int16)
    area = pair(other_volume(voxels))
    seen: list[Any] = []
    area.hovered.connect(seen.append)
    QTest.mouseMove(area.beside.overlay, area.beside.rect().center())
    settle(50)
    assert seen[-1].value == voxels[seen[-1].index]
    assert (seen[-1].series, seen[-1].modality) == ("T1", "MR")
    expected = np.floor(index_of(other_affine(), seen[-1].position_lps) + 0.5)
    assert tuple(expected.astype(int).tolist()) == seen[-1].index


def seen_from(view: Any, affine: NDArray[np.float64], place: Any) -> NDArray[np.float64]:
    """Pixel at which a view in its axial plane shows a place, from napari's camera and the grid's matrix."""
    native, camera = view.canvas.native, view.canvas.model.scene.camera
    i, j = affine[:3, 2] / np.linalg.norm(affine[:3, 2]), affine[:3, 1] / np.linalg.norm(affine[:3, 1])
    on_plane = np.array([(place - affine[:3, 3]) @ i, (place - affine[:3, 3]) @ j])
    middle = np.array([native.width(), native.height()]) / 2
    return np.asarray((on_plane - np.array(camera.center[-2:])[::-1]) * camera.zoom + middle)


def test_what_is_in_the_middle_is_in_the_middle_of_both_at_one_scale(pair: Any, session: Any) -> None:
    area = pair(other_volume())
    main, beside = area.views["axial"], area.beside
    for step, view in enumerate((main, beside, main)):
        session.view.tool = "pan"
        drag(view, (100.0, 100.0), (130.0 + 9 * step, 90.0))
        wheel(view, 1, Qt.KeyboardModifier.ControlModifier)
        settle(80)
        assert main.camera.zoom == pytest.approx(beside.camera.zoom)
        source, affine = (main, main_affine()) if view is main else (beside, other_affine())
        place = source.plane.to_patient(source.camera.centre, source.slice_index)
        middle = np.array([source.width(), source.height()]) / 2
        np.testing.assert_allclose(seen_from(source, affine, place), middle, atol=1e-3)
        for other, its in ((main, main_affine()), (beside, other_affine())):
            centre = np.array([other.width(), other.height()]) / 2
            np.testing.assert_allclose(seen_from(other, its, place), centre, atol=1e-3)


def test_fitting_and_resizing_keep_the_scale_of_the_open_series(pair: Any, session: Any) -> None:
    area = pair(other_volume())
    main, beside = area.views["axial"], area.beside
    wheel(beside, 4, Qt.KeyboardModifier.ControlModifier)
    area.fit()
    assert main.camera.fitted
    left, top, right, bottom = main.plane.extent
    room = min(main.width() / (right - left), main.height() / (bottom - top))
    assert main.camera.zoom == pytest.approx(0.96 * room)
    assert beside.camera.zoom == pytest.approx(main.camera.zoom)
    before = beside.camera.centre
    area.window().resize(900, 700)
    settle(80)
    assert main.camera.fitted
    assert beside.camera.zoom == pytest.approx(main.camera.zoom)
    np.testing.assert_allclose(beside.camera.centre, before, atol=1e-6)


def test_series_of_different_frames_keep_their_own_scale(pair: Any, session: Any) -> None:
    area = pair(other_volume(frame="1.2.826.0.1.78"))
    before = area.views["axial"].camera.zoom
    wheel(area.beside, 2, Qt.KeyboardModifier.ControlModifier)
    assert area.views["axial"].camera.zoom == before


def test_a_single_slice_shows_itself_and_not_its_edge(pair: Any, session: Any) -> None:
    coronal = np.eye(4)
    coronal[:3, :3] = [[0, 0, 1.5], [5, 0, 0], [0, -1.5, 0]]  # rows down, columns to the left
    coronal[:3, 3] = place_of(main_affine(), CURSOR) - coronal[:3, :3] @ [0, 20, 20]
    geometry = VolumeGeometry.regular((1, 40, 40), coronal, FRAME)
    area = pair(Volume(np.full((1, 40, 40), 900, np.int16), geometry, id="scout", window=(500, 1000)))
    assert area.beside.plane.name == "coronal"
    assert area.beside.overlay.frame().shows_cursor
    assert (picture(area.beside) > 128).any(axis=1).sum() > 100
    x, y, z = session.view.cursor_lps
    session.view.cursor_lps = (x, y + 30, z)
    assert not area.beside.overlay.frame().shows_cursor
