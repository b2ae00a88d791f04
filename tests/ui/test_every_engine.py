"""Every engine runs from the AI panel on a real series, and the SEG from the window names the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import medseg_app as ms
from medseg_app.app.commands.export import export
from medseg_app.app.commands.proposals import accept_candidates
from medseg_app.app.enter_case import enter
from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.volume import Volume
from medseg_app.engines.registry import find_model
from tests.every_engine import CAN_CONTAIN, EVERY_ENGINE, algorithms_of

from .choose_models import choose_together


@pytest.fixture
def panel(empty_window: Any, every_model: Path, real_ct: Path, qtbot: Any, monkeypatch: Any) -> Any:
    """The AI panel of a window with the real series open and every model found."""
    monkeypatch.setenv("MEDSEG_MODELS", str(every_model))
    controller = empty_window.controller
    controller.session.settings.device = "cpu"
    enter(controller.session, Case.of(ms.load(real_ct)))
    with qtbot.waitSignal(controller.ai.found, timeout=60_000):
        controller.ai.find_models()
    return controller.ai


def choose(panel: Any, name: str) -> None:
    """A model, or several that are joined by +."""
    choose_together(panel, *name.split("+"))


def run(panel: Any, qtbot: Any) -> None:
    panel.run_button.click()
    qtbot.waitUntil(lambda: not panel.is_running, timeout=240_000)


def export_all(session: Any, qtbot: Any, path: Path) -> Path:
    """Accept all that is proposed, and write what came of it."""
    numbers = tuple(range(len(session.case.proposal.candidates)))
    ids = session.run(accept_candidates, numbers=numbers)
    task = session.start(export, paths=[path], segment_ids=ids)
    qtbot.waitUntil(lambda: task.is_over, timeout=120_000)
    assert task.state == "done", task.error
    return path


def test_every_engine_runs_from_the_panel_into_a_seg(panel: Any, qtbot: Any, tmp_path: Path) -> None:
    """One window and one worker for all of them, as on a working day."""
    session = panel._session
    for name in EVERY_ENGINE if CAN_CONTAIN else EVERY_ENGINE[:-1]:
        enter(session, Case.of(session.case.volume))
        choose(panel, name)
        run(panel, qtbot)
        card = find_model(name).card
        assert session.case.proposal is not None, name
        assert session.case.proposal.model == card.identity
        seg = export_all(session, qtbot, tmp_path / f"{name}.seg.dcm")
        assert algorithms_of(seg) == {("AUTOMATIC", card.name, card.version, card.sha256)}


def test_stop_in_mid_run_leaves_no_proposal(panel: Any, qtbot: Any) -> None:
    session = panel._session
    choose(panel, "sarcoma-mask-rcnn")
    tasks: list[Any] = []
    session.tasks.changed.connect(tasks.append)
    panel.run_button.click()
    qtbot.waitUntil(lambda: panel.summary.text().startswith("Slice"), timeout=240_000)
    panel.stop_button.click()
    qtbot.waitUntil(lambda: not panel.is_running, timeout=10_000)
    assert tasks[-1].state == "cancelled"
    assert session.case.proposal is None


def _with_nan(volume: Volume) -> Volume:
    voxels = volume.voxels.astype(np.float32)
    voxels[2, 3, 4] = np.nan
    return replace(volume, voxels=voxels)


def _one_slice(volume: Volume) -> Volume:
    box = replace(Box.whole(volume.geometry.shape), stop=(1, *volume.geometry.shape[1:]))
    return Volume(volume.voxels[:1].copy(), volume.geometry.cropped(box), volume.id, volume.modality)


WRONG: tuple[tuple[Callable[[Volume], Volume], str], ...] = (
    (_with_nan, "1 voxels that are not numbers"),
    (_one_slice, "is a single slice"),
)


def test_wrong_images_get_words_and_no_proposal(panel: Any, qtbot: Any) -> None:
    session = panel._session
    volume = session.case.volume
    told: list[Any] = []
    session.notices.connect(told.append)
    choose(panel, "sarcoma-unet")
    for spoil, said in WRONG:
        told.clear()
        enter(session, Case.of(spoil(volume)))
        run(panel, qtbot)
        assert said in told[-1].text
        assert told[-1].hint
        assert session.case.proposal is None
    enter(session, Case.of(replace(volume, modality="MR")))
    choose(panel, "ct-tissues")
    assert panel.summary.text() == "Made for CT; this series is MR."
    assert not panel.run_button.isEnabled()
