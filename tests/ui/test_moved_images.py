"""Images of a case that moved are asked for in the window, and opening goes on with the answer."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog

from medseg_app.app.commands.case import save_case
from medseg_app.app.commands.open import open_image
from medseg_app.app.commands.segments import add_segment
from medseg_app.app.recovery import find_recoverable
from medseg_app.ui.dialogs.recovery import RecoveryDialog
from medseg_app.ui.scripted import pause, wait_until


@pytest.fixture
def moved(empty_window, tmp_path) -> Path:
    """A window in which a segment was added to a saved case; then its images moved to this folder."""
    session, image = empty_window.controller.session, tmp_path / "study" / "image.nii.gz"
    image.parent.mkdir()
    voxels = np.random.default_rng(0).integers(0, 99, (30, 31, 8)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([0.8, 0.9, 3.0, 1.0])), image)
    session.run(open_image, path=image)
    session.run(save_case, path=tmp_path / "k.medseg")
    session.run(add_segment, name="Liver")
    session.release_case(forget_unsaved=False)
    image.parent.rename(tmp_path / "moved")
    return tmp_path / "moved"


@pytest.fixture
def chosen(monkeypatch) -> list[str]:
    """Folders that the reader will choose, one after the other."""
    folders: list[str] = []
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: folders.pop(0))
    return folders


def settled(window):
    pause(0.1)
    wait_until(lambda: not window.controller.session.tasks.running, 60)
    pause(0.05)


def asked(window, path):
    """The question that opening a case leads to."""
    window.controller.session.view.show_panels = False
    window.controller.opening.open(path)
    settled(window)
    question = window.controller.opening.moved.question
    assert question.isVisible(), "the panels unfold"
    assert window.controller.session.case is None
    return question


def test_the_window_asks_where_the_images_are_and_opens_the_case(empty_window, moved, chosen, tmp_path):
    question = asked(empty_window, tmp_path / "k.medseg")
    said = question.text.text().replace("\u200b", "")
    assert str(tmp_path / "study") in said
    assert said.endswith("Choose where they are now.")
    assert not empty_window.banner.isVisible()
    assert question.width() <= empty_window.left.width()
    chosen.append(str(moved))
    question.yes.click()
    settled(empty_window)
    session = empty_window.controller.session
    assert session.case.path == tmp_path / "k.medseg"
    assert [segment.name for segment in session.case.segmentation.segments] == ["Liver"]
    assert not question.isVisible()


def test_a_wrong_folder_is_told_and_asked_again(empty_window, moved, chosen, tmp_path):
    question = asked(empty_window, tmp_path / "k.medseg")
    (tmp_path / "other").mkdir()
    chosen += [str(tmp_path / "other"), "", str(moved)]
    question.yes.click()
    settled(empty_window)
    assert "other" in question.text.text()
    question.yes.click()  # the chooser is called off: the question stays
    assert question.isVisible()
    question.yes.click()
    settled(empty_window)
    assert empty_window.controller.session.case is not None


def test_not_now_leaves_everything_as_it_is(empty_window, moved, chosen, tmp_path):
    question = asked(empty_window, tmp_path / "k.medseg")
    question.no.click()
    assert not question.isVisible()
    assert empty_window.controller.session.case is None


def test_what_is_no_question_of_place_is_told_in_the_banner(empty_window, tmp_path):
    (tmp_path / "d.medseg").write_bytes(b"damaged")
    empty_window.controller.opening.open(tmp_path / "d.medseg")
    settled(empty_window)
    assert "d.medseg is damaged" in empty_window.banner.text
    assert not empty_window.controller.opening.moved.question.isVisible()


def test_interrupted_work_on_images_that_moved_is_restored(empty_window, moved, chosen):
    controller, session = empty_window.controller, empty_window.controller.session
    assert find_recoverable(session.folders.journals)
    controller.opening.offer_recovery()
    wait_until(lambda: bool(empty_window.findChildren(RecoveryDialog)), 30, "the dialog")
    (dialog,) = empty_window.findChildren(RecoveryDialog)
    (item,) = find_recoverable(session.folders.journals)
    dialog._restore(item)
    settled(empty_window)
    question = controller.opening.moved.question
    assert question.isVisible()
    chosen.append(str(moved))
    question.yes.click()
    settled(empty_window)
    assert [segment.name for segment in session.case.segmentation.segments] == ["Liver"]
    assert session.unsaved
