"""The training panel: what stands there is enough to begin, and the model appears when it is finished."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from medseg_app.app.apart import run_apart
from medseg_app.app.train import HowToTrain, train_model
from medseg_app.core.errors import Cancelled, InputError, MedsegError
from medseg_app.engines.model_card import LabelClass, ModelCard, Network, Task
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.ui.panels import training_details
from tests.training.tiny import write_cases, write_recipe


def card(name: str, network: str = "DynUNet", task: Task = "semantic") -> ModelCard:
    labels = {1: LabelClass("Liver", (230, 159, 0))}
    return ModelCard(name, "1", "unet", task, ("CT",), "Apache-2.0", labels, Network(network, {}))


@pytest.fixture
def panel(controller):
    panel = controller.training
    panel.offer(
        (
            card("organs"),
            card("graph", "OpenVINO"),
            card("joint", task="panoptic"),
            card("slices", "MaskRCNN"),
        )
    )
    panel.open()
    return panel


def test_it_is_hidden_until_it_is_asked_for(controller):
    assert not controller.training.isVisible()
    controller.actions["train"].trigger()
    assert controller.training.isVisible()


def test_only_models_that_can_learn_are_offered(panel):
    words = [panel.beginning.itemText(n) for n in range(panel.beginning.count())]
    assert words == ["New: organs, tissues", "New: findings", "organs", "slices"]


def test_a_name_that_was_typed_stays_when_models_are_looked_for_again(panel):
    panel.name.setText("typed")
    panel.offer((card("organs"), card("another")))
    assert panel.name.text() == "typed"
    panel.beginning.choose("another")
    assert panel.name.text() == "another-mine"
    panel.offer((card("organs"),))  # it was removed
    assert panel.beginning.currentText() == "New: organs, tissues"
    assert panel.name.text() == "my-model"


def test_the_card_of_a_model_leads_to_it_ready_to_go_on(panel, controller, session):
    session.settings.recent = ["/cases/liver/a.medseg"]
    panel.source.setText("")
    controller.ai.wants_to_learn.emit("organs")
    assert panel.beginning.currentText() == "organs"
    assert panel.name.text() == "organs-mine"
    assert Path(panel.source.text()) == Path("/cases/liver")
    assert panel.train_button.isEnabled()


@pytest.mark.parametrize("field", ["source", "name"])
def test_without_cases_or_name_nothing_can_begin(panel, field):
    panel.source.setText("/cases")
    panel.name.setText("x")
    assert panel.train_button.isEnabled()
    getattr(panel, field).setText(" ")
    assert not panel.train_button.isEnabled()


@pytest.mark.parametrize(
    ("words", "absent"), [("As the data says", ""), ("Not looked for", "unknown"), ("Not there", "empty")]
)
def test_it_is_asked_what_absent_classes_mean(panel, session, monkeypatch, words, absent):
    panel.source.setText("/cases")
    panel.details.absent.setCurrentText(words)
    how = begun(panel, session, monkeypatch)
    assert how.absent == absent
    assert (how.task, how.max_minutes) == ("semantic", 60.0)


def begun(panel, session, monkeypatch) -> HowToTrain:
    """What a press of Train asks for."""
    asked = []
    monkeypatch.setattr(session, "start", lambda _, **choices: asked.append(choices["how"]))
    panel.train_button.click()
    return asked[0]


def test_fine_tuning_is_one_press_and_asks_for_nothing_else(panel, controller, session, monkeypatch):
    session.settings.recent = ["/cases/liver/a.medseg"]
    panel.source.setText("")
    controller.ai.wants_to_learn.emit("organs")
    assert begun(panel, session, monkeypatch) == HowToTrain(base="organs", max_minutes=60.0)


def test_what_is_seldom_needed_is_behind_a_line_that_says_how_much_of_it_is_set(panel):
    details = panel.details
    fields = (details.absent, details.images, details.backbone)
    assert not any(field.isVisible() for field in fields)
    assert details.button.text() == "More choices"
    details.button.click()
    assert [field.isVisible() for field in fields] == [True, True, False]
    panel.beginning.setCurrentIndex(1)
    assert details.backbone.isVisible()
    details.images.setCurrentText("PET")
    details.backbone.setCurrentText("ResNet-50")
    details.button.click()
    assert details.button.text() == "More choices, 2 set"
    panel.beginning.setCurrentIndex(0)
    assert details.button.text() == "More choices, 1 set"


@pytest.mark.parametrize(
    ("begins", "backbone"),
    [("New: findings", "resnet50"), ("New: organs, tissues", ""), ("organs", "")],
)
def test_modality_and_backbone_are_asked_for_where_they_matter(panel, session, monkeypatch, begins, backbone):
    panel.source.setText("/cases")
    panel.details.backbone.setCurrentText("ResNet-50")
    panel.details.images.setCurrentText("PET")
    panel.beginning.setCurrentText(begins)
    how = begun(panel, session, monkeypatch)
    assert (how.modality, how.backbone) == ("PT", backbone)


def test_every_backbone_of_the_command_line_is_offered():
    from medseg_app.engines import backbones

    assert set(training_details.BACKBONES.values()) == {"", *backbones.BACKBONES}


def choose_file(panel, monkeypatch, path) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    panel.weights_button.click()


def test_it_starts_from_a_file_of_weights(panel, session, monkeypatch, tmp_path):
    path = tmp_path / "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"
    path.touch()
    panel.source.setText("/cases")
    choose_file(panel, monkeypatch, path)
    choose_file(panel, monkeypatch, path)
    words = [panel.beginning.itemText(n) for n in range(panel.beginning.count())]
    assert words[-2:] == ["slices", path.name]
    panel.offer((card("organs"),))
    assert panel.beginning.currentText() == path.name
    assert panel.name.text() == "my-model"
    panel.details.button.click()
    assert not panel.details.backbone.isVisible()  # it is that of the weights
    assert begun(panel, session, monkeypatch) == HowToTrain(base=str(path), max_minutes=60.0)


def test_weights_that_transformers_saved_name_their_folder_too(panel, monkeypatch, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).touch()
    choose_file(panel, monkeypatch, tmp_path / "model.safetensors")
    assert panel.beginning.currentText() == f"{tmp_path.name}/model.safetensors"
    assert panel.beginning.chosen.base == str(tmp_path / "model.safetensors")


@pytest.mark.usefixtures("uncontained")
def test_a_detector_begins_with_weights_of_photographs(panel, session, qtbot, tmp_path, monkeypatch):
    import torch
    from torchvision.models import resnet18

    from medseg_app.training import evaluate, train

    # Training alone, and here: running a network of torchvision's size on all cases would cost minutes.
    monkeypatch.setattr(train, "settle_score_threshold", lambda *_: 0.5)
    monkeypatch.setattr(evaluate, "evaluate_on", lambda *_, **__: {})
    monkeypatch.setattr("medseg_app.app.apart.run_apart", lambda what, work, progress: work(progress))
    told = []
    session.notices.connect(told.append)
    write_cases(tmp_path / "data", 5)
    torch.save(resnet18(weights=None).state_dict(), tmp_path / "resnet18-x.pth")
    panel.source.setText(str(write_recipe(tmp_path / "data", "instance", steps=2)))
    choose_file(panel, monkeypatch, tmp_path / "resnet18-x.pth")
    panel.name.setText("blocks")
    session.settings.device = "cpu"
    panel.start()
    qtbot.waitUntil(lambda: not panel.work.is_busy, timeout=280_000)
    network = read_model_folder(session.folders.models / "blocks").card.network
    assert (network.name, network.arguments["backbone"]) == ("MaskRCNN", "resnet18")
    assert any(notice.text.startswith("begun with resnet18-x.pth: ") for notice in told)


def test_a_folder_that_is_not_there_is_told(panel, session):
    told = []
    session.notices.connect(told.append)
    panel.source.setText("/nowhere/at/all")
    panel.start()
    assert "does not exist" in told[0].text
    assert panel.train_button.isVisible()


def test_a_model_is_trained_in_a_process_of_its_own_and_offered(panel, session, controller, qtbot, tmp_path):
    import sys

    torch_was_there = "torch" in sys.modules
    found = []
    controller.ai.found.connect(found.append)
    write_cases(tmp_path / "data", 5)
    panel.source.setText(str(write_recipe(tmp_path / "data", steps=40)))
    panel.name.setText("blocks")
    session.settings.device = "cpu"
    steps = []
    session.tasks.changed.connect(lambda task: steps.append(task.message))
    panel.start()
    qtbot.waitUntil((session.folders.models / "blocks").exists, timeout=180_000)
    qtbot.waitUntil(lambda: bool(found), timeout=60_000)
    model = read_model_folder(session.folders.models / "blocks")
    assert {label.name for label in model.card.labels.values()} == {"Block", "Rod"}
    assert any(message.startswith("step ") for message in steps)
    assert panel.work.summary.text() == "blocks is trained."
    assert torch_was_there or "torch" not in sys.modules


def test_a_stopped_training_goes_on_where_it_was(tmp_path):
    write_cases(tmp_path, 5)
    data, out = write_recipe(tmp_path, "instance", steps=100_000), tmp_path / "models/blocks"
    how = HowToTrain("blocks", "instance", "", 5.0, "cpu", out, go_on=True)
    start = time.monotonic()

    def stop_after_the_first_step(fraction: float, message: str = "") -> None:
        if message.startswith("step ") and not message.startswith("step 0"):
            raise Cancelled
        assert time.monotonic() - start < 120

    with pytest.raises(Cancelled):
        run_apart("The training", partial(train_model, data, how), stop_after_the_first_step)
    assert not out.exists()
    checkpoint = out.with_name(".blocks.checkpoint")
    assert checkpoint.exists()
    seen: list[str] = []

    def look(fraction: float, message: str = "") -> None:
        seen.append(message)
        if message.startswith("step "):
            raise Cancelled

    with pytest.raises(Cancelled):
        run_apart("The training", partial(train_model, data, how), look)
    assert seen[-1].startswith("step ")
    assert not seen[-1].startswith("step 0")


def test_what_is_wrong_with_a_data_set_comes_back_as_it_is(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    how = HowToTrain("x", output=tmp_path / "m")
    with pytest.raises(InputError, match="no labelled images"):
        run_apart("It", partial(train_model, tmp_path, how), lambda fraction, message="": None)


def test_a_killed_training_is_told(tmp_path):
    import multiprocessing
    import os
    import signal

    write_cases(tmp_path, 5)
    data, how = write_recipe(tmp_path), HowToTrain("x", output=tmp_path / "m")

    def kill(fraction: float, message: str = "") -> None:
        (child,) = (c for c in multiprocessing.active_children() if c.name == "medseg-apart")
        os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(MedsegError, match="stopped in mid-run"):
        run_apart("It", partial(train_model, data, how), kill)
