"""Weights of torchvision's own networks become the beginning of ours, and nothing else is taken for them."""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import mobilenet_v3_large, resnet18, resnet34, wide_resnet50_2
from torchvision.models.detection import (
    fasterrcnn_mobilenet_v3_large_fpn,
    maskrcnn_resnet50_fpn,
    maskrcnn_resnet50_fpn_v2,
)

from medseg_app.core.errors import InputError, ModelError
from medseg_app.engines.foreign.weight_file import read_weight_file
from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import build_network
from medseg_app.engines.photograph_stem import DEVIATION, MEAN, grey_stem
from medseg_app.engines.photograph_weights import begin_with, named_as_today, network_for

NONE = {"weights": None, "weights_backbone": None}
FRESH = {
    "roi_heads.box_predictor.cls_score",
    "roi_heads.box_predictor.bbox_pred",
    "roi_heads.mask_predictor.mask_fcn_logits",
}
STEM = {"backbone.body.conv1.weight", "backbone.body.bn1.running_mean"}


def _lived(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Its state dict with statistics of norms as after a training."""
    state = network.state_dict()
    for name, tensor in state.items():
        if name.endswith("running_mean"):
            tensor.normal_()
        elif name.endswith("running_var"):
            tensor.uniform_(0.5, 2.0)
    return state


@pytest.fixture(scope="module")
def coco() -> dict[str, torch.Tensor]:
    """A state dict as that of torchvision's COCO weights, which need no download here."""
    torch.manual_seed(7)
    return _lived(maskrcnn_resnet50_fpn(**NONE, num_classes=91))


@pytest.fixture(scope="module")
def theirs(coco) -> torch.nn.Module:
    """torchvision's network of those weights."""
    network = maskrcnn_resnet50_fpn(**NONE, num_classes=91).eval()
    network.load_state_dict(coco)
    return network


def _built(**arguments: object) -> tuple[torch.nn.Module, Network]:
    card = Network("MaskRCNN", {"in_channels": 3, "num_classes": 2, "norm": "frozen", **arguments})
    return build_network(card), card


def _as_in_2019(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The names in `maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth`, which counts no batches."""
    found = OrderedDict()
    for name, tensor in state.items():
        old = re.sub(r"(blocks\.\d)\.0\.", r"\1.", name).replace("rpn.head.conv.0.0.", "rpn.head.conv.")
        old = re.sub(r"mask_head\.(\d)\.0\.", lambda m: f"mask_head.mask_fcn{int(m[1]) + 1}.", old)
        if not name.endswith("num_batches_tracked"):
            found[old] = tensor
    return found


def _files(folder: Path, state: dict[str, torch.Tensor]) -> list[Path]:
    paths = [folder / "maskrcnn_resnet50_fpn_coco-x.pth", folder / "old.pth", folder / "w.safetensors"]
    torch.save(state, paths[0])
    old = _as_in_2019(state)
    old._metadata = state._metadata  # versions of modules, which torch saves with a state dict
    torch.save(old, paths[1], _use_new_zipfile_serialization=False)
    save_file(state, paths[2])
    return paths


def test_all_but_the_heads_for_other_classes_is_taken_from_every_kind_of_file(coco, tmp_path):
    for path in _files(tmp_path, coco):
        network, card = _built()
        taken = begin_with(network, card, read_weight_file(path))
        own = network.state_dict()
        assert set(taken.adapted) == STEM
        assert {name.rpartition(".")[0] for name in taken.afresh} == FRESH
        assert set(taken.unused) == set(taken.afresh)  # the file's heads of 91 classes
        assert set(taken.same) | STEM | set(taken.afresh) == set(own)
        assert all(torch.equal(own[name], coco[name]) for name in taken.same)
        body = [name for name in own if name.startswith("backbone.") and name not in STEM]
        assert len(body) > 250
        assert set(body) < set(taken.same)


def test_the_names_of_2019_are_understood_as_torchvision_does(coco):
    theirs = maskrcnn_resnet50_fpn(**NONE, num_classes=91)
    theirs.load_state_dict(_as_in_2019(coco), strict=False)
    renamed = named_as_today(_as_in_2019(coco))
    for name, tensor in theirs.state_dict().items():
        assert name.endswith("num_batches_tracked") or torch.equal(tensor, renamed[name])


def test_the_heads_are_kept_where_classes_are_as_many(coco):
    network, card = _built(num_classes=91)
    taken = begin_with(network, card, coco)
    assert taken.afresh == taken.unused == ()


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6, 10])
def test_a_slice_in_all_channels_is_seen_as_a_grey_photograph(coco, theirs, channels):
    network, card = _built(in_channels=channels)
    begin_with(network, card, coco)
    network.eval()
    grey = torch.rand(1, 1, 64, 64) * 2 - 1
    mean, deviation = (torch.tensor(values)[None, :, None, None] for values in (MEAN, DEVIATION))
    photograph = ((grey + 1) / 2 - mean) / deviation
    ours, their_body = network.backbone.body, theirs.backbone.body
    with torch.inference_mode():
        seen = ours.bn1(ours.conv1(grey.expand(1, channels, 64, 64)))
        wanted = their_body.bn1(their_body.conv1(photograph))
    inner = (..., slice(2, -2), slice(2, -2))  # what the border adds is grey here, not the photographs' mean
    torch.testing.assert_close(seen[inner], wanted[inner], rtol=1e-4, atol=1e-4)


def test_three_neighbouring_slices_take_one_colour_each():
    filters = torch.randn(4, 3, 7, 7)
    spread, _ = grey_stem(filters, torch.zeros(4), 3)
    for channel in range(3):
        torch.testing.assert_close(spread[:, channel], filters[:, channel] * 0.5 / DEVIATION[channel])


def test_v2_is_told_apart_and_taken(tmp_path):
    torch.manual_seed(0)
    state = _lived(maskrcnn_resnet50_fpn_v2(**NONE, num_classes=91))
    assert network_for(named_as_today(state)) == {"backbone": "resnet50", "norm": "frozen", "heads": "v2"}
    network, card = _built(heads="v2")
    taken = begin_with(network, card, state)
    assert {name.rpartition(".")[0] for name in taken.afresh} == FRESH
    with pytest.raises(ModelError, match="do not belong") as caught:
        begin_with(*_built(), state)
    assert "heads = 'v2'" in caught.value.hint


@pytest.mark.parametrize(
    ("backbone", "state"),
    [
        ("resnet18", lambda: resnet18(weights=None).state_dict()),
        ("mobilenet", lambda: mobilenet_v3_large(weights=None).state_dict()),
        ("mobilenet", lambda: fasterrcnn_mobilenet_v3_large_fpn(**NONE, num_classes=91).state_dict()),
    ],
    ids=["body of resnet18", "body of mobilenet", "boxes by mobilenet"],
)
def test_bodies_alone_are_taken(backbone, state):
    network, card = _built(backbone=backbone)
    taken = begin_with(network, card, state())
    assert not [name for name in taken.afresh if name.startswith("backbone.body.")]
    assert len(taken.adapted) == 2
    assert "rpn.head.cls_logits.weight" in taken.afresh


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (lambda: resnet34(weights=None).state_dict(), "not those of a network that is known"),
        (lambda: wide_resnet50_2(weights=None).state_dict(), "do not fit a resnet50"),
        (lambda: {"w": torch.ones(2)}, "not those of a network that is known"),
    ],
    ids=["deeper", "wider", "nothing of the kind"],
)
def test_other_networks_are_refused(state, words):
    with pytest.raises(ModelError, match=words) as caught:
        begin_with(*_built(), state())
    assert "maskrcnn_resnet50_fpn" in caught.value.hint


def test_files_that_are_none_are_refused(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"no")
    with pytest.raises(ModelError, match=r"w\.safetensors is not a safetensors file"):
        read_weight_file(tmp_path / "w.safetensors")
    for name in ("gone.pth", "gone.safetensors"):
        with pytest.raises(InputError, match="gone"):
            read_weight_file(tmp_path / name)
