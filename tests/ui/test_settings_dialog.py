"""What is chosen in the settings holds, also where it cannot be kept."""

from __future__ import annotations

from medseg_app.ui.dialogs.settings import SettingsDialog


def test_settings_that_cannot_be_kept_hold_and_the_reader_is_told(
    window, session, controller, tmp_path, told
):
    (tmp_path / "file").write_text("in the way of a folder")
    session.settings.path = tmp_path / "file" / "settings.json"
    dialog = SettingsDialog(window, session, controller.actions)
    dialog.reader.setText("Dr Other")
    dialog.done_button.click()
    assert dialog.result() == dialog.DialogCode.Accepted
    assert session.settings.reader == "Dr Other"
    (notice,) = told
    assert "not kept" in notice.text
    assert str(session.settings.path) in notice.hint
