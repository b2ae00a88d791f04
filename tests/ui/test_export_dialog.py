"""The export dialog writes, verifies and shows the outcome where the reader looks."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest
from PySide6.QtCore import Qt

from medseg_app.app.commands import segments as commands
from medseg_app.core.box import Box
from medseg_app.core.errors import Cancelled, VerificationError
from medseg_app.core.label_edit import LabelPatch
from medseg_app.io import export
from medseg_app.tools.contract import PointerEvent
from medseg_app.ui.dialogs.export import ExportDialog
from medseg_app.ui.scripted import pause, wait_until


@pytest.fixture
def dialog(window, session, tmp_path):
    for name, start in (("Liver", (1, 2, 3)), ("Spleen", (6, 20, 30))):
        number = session.run(commands.add_segment, name=name)
        box = Box.of(start, [n + 4 for n in start])
        with session.step("Fill") as writer:
            writer.write(LabelPatch(number, box, np.ones(box.shape, bool)))
    session.run(commands.add_segment, name="Empty")
    dialog = ExportDialog(window, session)
    dialog.target.setText(str(tmp_path / "out"))
    dialog.show()
    yield dialog
    dialog.close()
    dialog.deleteLater()


def finish(dialog):
    wait_until(lambda: dialog._task is None, 60)


def test_segments_with_voxels_are_ticked(dialog):
    assert len(dialog.chosen_ids()) == 2


def test_seg_is_offered_only_for_dicom(dialog):
    assert not dialog.formats[".seg.dcm"].isEnabled()
    assert dialog.formats[".nii.gz"].isChecked()


def test_the_outcome_stands_in_the_dialog(dialog, tmp_path):
    dialog.start()
    finish(dialog)
    assert (tmp_path / "out.nii.gz").is_file()
    assert dialog.outcome.isVisible()
    (line,) = [line for line in dialog.outcome.lines if "out.nii.gz" in line]
    assert "every segment in its place" in line


def test_only_ticked_segments_are_written(dialog, tmp_path):
    import SimpleITK

    dialog.segments.item(0).setCheckState(Qt.CheckState.Unchecked)
    dialog.start()
    finish(dialog)
    labels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "out.nii.gz")))
    assert np.count_nonzero(labels) == 64
    assert labels[6, 20, 30] != 0


def test_a_folder_that_does_not_exist_is_told_and_leaves_nothing(dialog, tmp_path):
    dialog.target.setText(str(tmp_path / "missing" / "out"))
    dialog.start()
    finish(dialog)
    assert dialog.outcome.isVisible()
    (line,) = dialog.outcome.lines
    assert "missing does not exist" in line
    assert not dialog.parent().banner.isVisible(), "the dialog would hide it"
    assert not (tmp_path / "missing").exists() or not list((tmp_path / "missing").iterdir())


@pytest.mark.parametrize("problem", [Cancelled(), VerificationError("out.nrrd does not hold it.")])
def test_where_nothing_was_written_it_is_so(dialog, tmp_path, monkeypatch, problem):
    """The first of two files is taken back, and one of an earlier export is there again."""
    verify = export.verify

    def fails(label_map, path, read_back, name):
        if name == "out.nrrd":
            raise problem
        verify(label_map, path, read_back, name)

    monkeypatch.setattr(export, "verify", fails)
    dialog.formats[".nrrd"].setChecked(True)
    before = {}
    for content in (None, b"of an earlier export"):
        if content:
            (tmp_path / "out.nii.gz").write_bytes(content)
            before = {"out.nii.gz": content}
        dialog.start()
        if content:
            dialog.start()
        finish(dialog)
        assert {path.name: path.read_bytes() for path in tmp_path.glob("*out*")} == before
        assert dialog.outcome.isVisible()


@pytest.fixture
def held(monkeypatch):
    """Exports wait until this is set; `problem` is raised then, if there is one."""
    verify, held = export.verify, Event()
    held.problem = None

    def waits(*arguments):
        assert held.wait(30)
        if held.problem is not None:
            raise held.problem
        verify(*arguments)

    monkeypatch.setattr(export, "verify", waits)
    return held


def close_while_it_writes(dialog, held, problem=None):
    dialog.start()
    task = dialog._task
    held.problem = problem
    dialog.reject()
    dialog.deleteLater()
    pause(0.1)
    held.set()
    wait_until(lambda: task.is_over, 30)


def test_a_dialog_that_was_closed_too_soon_leaves_the_outcome_to_the_window(window, session, dialog, held):
    dialog = another(window, session, dialog)
    close_while_it_writes(dialog, held)
    assert "out2.nii.gz: Written." in window.status.message.text()


def test_why_an_export_failed_is_told_where_the_dialog_was_closed(window, session, dialog, held):
    dialog = another(window, session, dialog)
    close_while_it_writes(dialog, held, VerificationError("out2.nii.gz does not hold it."))
    assert "out2.nii.gz does not hold it." in window.banner.text


def another(window, session, dialog):
    made = ExportDialog(window, session)
    made.target.setText(f"{dialog.target.text()}2")
    made.show()
    return made


def test_nothing_chosen_cannot_be_exported(dialog):
    for row in range(dialog.segments.count()):
        dialog.segments.item(row).setCheckState(Qt.CheckState.Unchecked)
    assert not dialog.go.isEnabled()


def test_a_file_that_is_there_is_replaced_only_when_asked_for_once_more(dialog, tmp_path):
    """The name that is proposed may be that of another patient's export."""
    earlier = tmp_path / "out.nii.gz"
    earlier.write_bytes(b"of another patient")
    dialog.go.click()
    finish(dialog)
    assert earlier.read_bytes() == b"of another patient"
    (line,) = dialog.outcome.lines
    assert line.startswith("out.nii.gz is there already.")
    assert dialog.go.text() == "Replace"
    name = dialog.target.text()
    dialog.target.setText(f"{name}-2")
    assert dialog.go.text() == "Export", "a name of its own replaces nothing"
    dialog.target.setText(name)
    (tmp_path / "out.nrrd").write_bytes(b"too")
    dialog.formats[".nrrd"].setChecked(True)
    dialog.go.click()
    finish(dialog)
    assert "out.nii.gz, out.nrrd are there already." in dialog.outcome.lines[0], "another one to ask about"
    dialog.go.click()
    finish(dialog)
    assert [line.partition(" ")[0] for line in dialog.outcome.lines] == ["out.nii.gz", "out.nrrd"]
    assert earlier.read_bytes() != b"of another patient"


@pytest.mark.parametrize("name", ["", "/"])
def test_without_a_name_nothing_can_be_exported(dialog, name):
    dialog.target.setText(name)
    dialog.formats[".mha"].setChecked(True)
    assert not dialog.go.isEnabled()
    dialog.target.setText("/somewhere/out")
    assert dialog.go.isEnabled()


def test_a_name_that_is_too_long_is_told(dialog, tmp_path):
    dialog.target.setText(str(tmp_path / (300 * "a")))
    dialog.start()
    finish(dialog)
    assert "too long" in dialog.outcome.lines[0]


def test_a_first_stroke_whose_button_is_still_down_is_listed(window, session, controller, monkeypatch):
    ticked = []
    monkeypatch.setattr(ExportDialog, "exec", lambda dialog: ticked.append(dialog.chosen_ids()))
    session.view.tool, session.view.brush_mm = "brush", 5.0
    session.gestures.press(PointerEvent(session.view.cursor_lps, 0, 5))
    controller.opening.ask_export()
    assert ticked == [tuple(segment.id for segment in session.case.segmentation.segments)] != [()]
