"""The window checks a model's files, and removes one of the user's after the reader agreed."""

from __future__ import annotations

import pytest

from medseg_app.app.change import Change
from tests.engines.tiny_models import write_tiny_model


@pytest.fixture
def mine(controller, session, qtbot, monkeypatch):
    """The only model: one of the user's own, chosen in the panel."""
    monkeypatch.setattr("medseg_app.engines.registry.model_places", lambda *_: [session.folders.models])
    folder = session.folders.models / "tiny-organs"
    write_tiny_model(folder, "unet")
    session.changed.emit(Change.of("models"))
    qtbot.waitUntil(lambda: controller.ai.chosen is not None, timeout=60_000)
    return folder


def _told(qtbot, told):
    qtbot.waitUntil(lambda: bool(told), timeout=60_000)
    return told[-1]


def test_a_model_is_verified_and_a_changed_byte_is_told(controller, qtbot, mine, told):
    controller.actions["verify"].trigger()
    assert "tiny-organs is as it was made" in _told(qtbot, told).text
    told.clear()
    weights = mine / "models/model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    controller.actions["verify"].trigger()
    notice = _told(qtbot, told)
    assert notice.kind == "problem"
    assert "model.safetensors was changed" in notice.text


@pytest.mark.parametrize("agrees", [True, False])
def test_a_model_is_removed_only_after_the_reader_agreed(controller, qtbot, mine, told, agrees):
    controller.actions["remove"].trigger()
    question = controller.care.question
    assert question.isVisible()
    assert "tiny-organs" in question.text.text()
    assert mine.is_dir()
    (question.yes if agrees else question.no).click()
    assert not question.isVisible()
    if agrees:
        assert "was removed" in _told(qtbot, told).text
        qtbot.waitUntil(lambda: controller.ai.chosen is None, timeout=60_000)
    assert mine.is_dir() != agrees


def test_a_model_that_is_not_the_users_stays(controller, session, qtbot, told, tmp_path, monkeypatch):
    shipped = tmp_path / "shipped/tiny-organs"
    write_tiny_model(shipped, "unet")
    monkeypatch.setattr("medseg_app.engines.registry.model_places", lambda *_: [shipped.parent])
    session.changed.emit(Change.of("models"))
    qtbot.waitUntil(
        lambda: controller.ai.chosen is not None and controller.ai.chosen.name == "tiny-organs",
        timeout=60_000,
    )
    told.clear()
    controller.actions["remove"].trigger()
    controller.care.question.yes.click()
    assert "not one of your own models" in _told(qtbot, told).text
    assert shipped.is_dir()
