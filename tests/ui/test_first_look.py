"""The first slice is on the screen before the rest of the series is read."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from medseg_app.app.demo_study import write_demo_study
from medseg_app.io.dicom import volume as reading
from medseg_app.ui.thumbnails import picture_of


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return write_demo_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def held_back(monkeypatch):
    """Reading of a whole series waits until this is set."""
    go_on, load = threading.Event(), reading.load_volume

    def slow(info, progress, **more):
        progress(0.25, "slice 11 of 44")
        assert go_on.wait(30)
        return load(info, progress=progress, **more)

    monkeypatch.setattr(reading, "load_volume", slow)
    yield go_on
    go_on.set()


def grey(image):
    """Values of a picture as numbers (rows, columns)."""
    image = image.convertToFormat(image.Format.Format_Grayscale8)
    values = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return values[:, : image.width()].astype(float)


def middle_line(image):
    """The patient on the row in the middle, from border to border."""
    line = image[image.shape[0] // 2]
    inside = np.flatnonzero(line > 20)
    return line[inside[0] : inside[-1] + 1]


def test_the_middle_slice_is_shown_while_the_series_is_read(empty_window, study, held_back, qtbot):
    controller = empty_window.controller
    session, look = controller.session, controller.opening.first_look
    controller.opening.open(study)
    qtbot.waitUntil(look.isVisible, timeout=20_000)
    assert session.case is None
    info = max(session.studies, key=lambda one: one.shape[0])
    assert look.size() == empty_window.central.size()
    shown, expected = (middle_line(grey(image)) for image in (look.grab().toImage(), picture_of(info, 512)))
    same_length = np.interp(np.linspace(0, 1, shown.size), np.linspace(0, 1, expected.size), expected)
    assert np.corrcoef(shown, same_length)[0, 1] > 0.9
    held_back.set()
    qtbot.waitUntil(lambda: session.case is not None, timeout=20_000)
    assert not look.isVisible()


def test_a_series_that_cannot_be_read_leaves_no_picture(empty_window, study, held_back, qtbot):
    controller = empty_window.controller
    look = controller.opening.first_look
    controller.opening.open(study)
    qtbot.waitUntil(look.isVisible, timeout=20_000)
    for task in controller.session.tasks.running:
        task.cancel()
    held_back.set()
    qtbot.waitUntil(lambda: not controller.session.tasks.running, timeout=20_000)
    assert not look.isVisible()
