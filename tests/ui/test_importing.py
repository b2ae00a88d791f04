"""Models of other programs come in from the window; a program is run only after the reader agreed."""

from __future__ import annotations

from pathlib import Path

import pytest

from medseg_app.engines.foreign.consent import ConsentNeeded
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.ui import importing
from tests.engines.tiny_models import write_tiny_model


def test_a_model_folder_is_imported_in_another_process_and_offered(controller, session, qtbot, tmp_path):
    found = []
    controller.ai.found.connect(found.append)
    write_tiny_model(tmp_path / "theirs", "unet")
    controller.importing.start(tmp_path / "theirs")
    made = session.folders.models / "tiny-organs"
    qtbot.waitUntil(made.exists, timeout=240_000)
    qtbot.waitUntil(lambda: bool(found), timeout=60_000)
    assert read_model_folder(made).card.name == "tiny-organs"


def test_what_is_no_model_is_told(controller, session, qtbot, tmp_path):
    told = []
    session.notices.connect(told.append)
    (tmp_path / "notes.zip").write_bytes(b"hello")
    controller.importing.start(tmp_path / "notes.zip")
    qtbot.waitUntil(lambda: bool(told), timeout=120_000)
    assert "notes.zip" in told[0].text
    assert not controller.programs.question.isVisible()
    assert not session.folders.models.exists() or not any(session.folders.models.iterdir())


@pytest.mark.parametrize("agrees", [True, False])
def test_a_program_is_run_only_after_the_reader_agreed(controller, session, monkeypatch, agrees):
    asked = []

    def attempt(command, failed, **how):
        asked.append((command, how))
        if not how["consent"]:
            failed(ConsentNeeded("net.ts is a program.", "what is contained"))

    monkeypatch.setattr(session, "attempt", attempt)
    controller.importing.start(Path("net.ts"))
    question = controller.programs.question
    assert question.isVisible()
    assert "net.ts is a program." in question.text.text()
    assert "Not contained" in question.text.text() or "not opened here" in question.text.text()
    (question.yes if agrees else question.no).click()
    assert not question.isVisible()
    consents = [how["consent"] for command, how in asked if command is importing.bring_in]
    assert consents == ([False, True] if agrees else [False])
