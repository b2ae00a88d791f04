"""A training of findings begins with weights of torchvision's, and says what it took of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torchvision.models import resnet18
from torchvision.models.detection import maskrcnn_resnet50_fpn

from medseg_app.core.errors import ModelError, WrongUse
from medseg_app.training.first_network import first_network
from medseg_app.training.mask_rcnn_recipe import begun_with_weights, with_backbone
from medseg_app.training.recipe import read_recipe
from medseg_app.training.train import run_training
from tests.training.tiny import write_cases, write_recipe

pytestmark = pytest.mark.usefixtures("uncontained")


@pytest.fixture(scope="module")
def body(tmp_path_factory) -> Path:
    """Weights of a ResNet-18 for photographs."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "resnet18-x.pth"
    torch.save(resnet18(weights=None).state_dict(), path)
    return path


@pytest.fixture
def recipe(tmp_path):
    write_cases(tmp_path / "data")
    return read_recipe(write_recipe(tmp_path / "data", "instance", 1))


def test_the_network_follows_from_the_weights(recipe, body):
    begun = begun_with_weights(recipe, body)
    assert begun.start_from == body
    assert begun.network.name == "MaskRCNN"
    wanted = {"in_channels": 3, "num_classes": 3, "backbone": "resnet18", "norm": "frozen"}
    assert begun.network.arguments == wanted  # three anchors of the slim one do not suit five levels
    own = replace(begun.network, arguments={**wanted, "anchor_sizes": [4, 8, 16, 32, 64]})
    again = begun_with_weights(replace(recipe, network=own), body)
    assert again.network.arguments["anchor_sizes"] == [4, 8, 16, 32, 64]


def test_coco_weights_are_what_the_first_network_holds(recipe, tmp_path):
    torch.manual_seed(1)
    coco = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=91).state_dict()
    path = tmp_path / "maskrcnn_resnet50_fpn_coco-x.pth"
    torch.save(coco, path)
    network, beginning = first_network(begun_with_weights(recipe, path))
    own = network.state_dict()
    kept = [name for name in own if name.startswith(("backbone.body.layer", "backbone.fpn", "rpn"))]
    assert len(kept) > 250
    assert all(torch.equal(own[name], coco[name]) for name in kept)
    assert own["roi_heads.box_predictor.cls_score.weight"].shape[0] == 3
    assert beginning is not None
    assert beginning.file == path.name
    assert "  roi_heads.mask_predictor.mask_fcn_logits.weight\n" in beginning.document()


def test_the_model_folder_tells_what_it_began_with(recipe, body, tmp_path):
    begun = begun_with_weights(recipe, body)
    still = replace(begun, training=replace(begun.training, learning_rate=0.0, half=False))
    told: list[str] = []
    out = run_training(
        replace(still, thresholds={"min_score": 0.5}), tmp_path / "m",
        progress=lambda _, message="": told.append(message),
    )  # fmt: skip
    document = (out / "docs/beginning.txt").read_text()
    summary = document.partition("\n")[0]
    assert summary.startswith("begun with resnet18-x.pth: ")
    assert summary in told
    assert summary in (out / "configs/inference.json").read_text()
    taken, _, rest = document.partition("adapted to the channels:\n")
    assert "  backbone.body.layer4.1.conv2.weight\n" in taken
    assert rest.startswith("  backbone.body.bn1.running_mean\n  backbone.body.conv1.weight\n")
    assert "  rpn.head.cls_logits.weight\n" in rest.partition("begin afresh:\n")[2]
    assert rest.endswith("  backbone.body.fc.bias\n  backbone.body.fc.weight\n")


def test_a_backbone_that_learns_from_scratch(recipe):
    for backbone in ("resnet18", "resnet50", "mobilenet"):
        chosen = with_backbone(recipe, backbone)
        assert chosen.network.arguments == {"in_channels": 3, "num_classes": 3, "backbone": backbone}
        assert chosen.start_from is None


def test_what_does_not_belong_together_is_refused(recipe, body, tmp_path):
    with pytest.raises(WrongUse, match="holds weights of the backbone resnet18"):
        begun_with_weights(recipe, body, "resnet50")
    with pytest.raises(WrongUse, match="Mask R-CNN"):
        begun_with_weights(replace(recipe, engine="yolact"), body)
    torch.save({"w": torch.ones(2)}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=r"cannot begin with .*w\.pt"):
        begun_with_weights(recipe, tmp_path / "w.pt")
    with pytest.raises(ModelError, match="do not belong to the network MaskRCNNSlim") as caught:
        first_network(replace(recipe, start_from=body))  # as a recipe might say it
    assert "backbone = 'resnet18', norm = 'frozen'" in caught.value.hint
