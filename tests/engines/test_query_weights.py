"""Networks that transformers saved become the beginning of ours, and what is another network is refused."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest
import torch

from medseg_app.core.errors import ModelError
from medseg_app.engines.foreign.saved_transformer import find_saved_transformer
from medseg_app.engines.foreign.weight_file import read_weight_file
from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import build_network
from medseg_app.engines.photograph_stem import DEVIATION, MEAN
from medseg_app.engines.query_config import network_of
from medseg_app.engines.query_weights import begin_with

from .saved_transformers import CLASSES, KINDS, WIDTH, save, saved_network

HEAD = {"net.class_predictor.weight", "net.class_predictor.bias", "net.criterion.empty_weight"}
TINY_COCO = {
    "model_type": "mask2former",
    "backbone_config": {
        "model_type": "swin", "depths": [2, 2, 6, 2], "embed_dim": 96, "num_heads": [3, 6, 12, 24],
        "window_size": 7, "drop_path_rate": 0.3, "hidden_size": 768, "image_size": 224, "torch_dtype": None,
        "out_features": ["stage1", "stage2", "stage3", "stage4"], "chunk_size_feed_forward": 0,
    },
    "hidden_dim": 256, "feature_size": 256, "mask_feature_size": 256, "num_queries": 100,
    "encoder_layers": 6, "encoder_feedforward_dim": 1024, "decoder_layers": 10, "dim_feedforward": 2048,
    "num_attention_heads": 8, "feature_strides": [4, 8, 16, 32], "common_stride": 4, "pre_norm": False,
    "enforce_input_projection": False, "activation_function": "relu", "backbone": None,
    "use_timm_backbone": False, "torch_dtype": "float32", "transformers_version": "4.26.0.dev0",
}  # fmt: skip
"""The words of a published Mask2Former on Swin-T, in the form of 2022."""
RESNET50 = {
    "model_type": "maskformer", "fpn_feature_size": 256, "mask_feature_size": 256, "num_queries": 100,
    "backbone_config": {
        "model_type": "resnet", "depths": [3, 4, 6, 3], "hidden_sizes": [256, 512, 1024, 2048],
        "embedding_size": 64, "layer_type": "bottleneck", "hidden_act": "relu",
    },
    "decoder_config": {
        "model_type": "detr", "d_model": 256, "decoder_ffn_dim": 2048, "decoder_layers": 6,
        "decoder_attention_heads": 8, "num_queries": 100,
    },
}  # fmt: skip


def _described(folder, **sizes):
    saved = find_saved_transformer(folder)
    described = network_of(saved.description())
    card = Network(described.name, {**described.arguments, "in_channels": 3, "num_classes": 2, **sizes})
    return build_network(card), card, read_weight_file(saved.weights)


@pytest.fixture(scope="module", params=KINDS, ids=["-".join(kind) for kind in KINDS])
def kind(request, tmp_path_factory):
    """The network as transformers has it, and the folder that it was saved to."""
    folder = tmp_path_factory.mktemp("saved") / "net"
    return saved_network(*request.param), save(folder, *request.param)


def test_all_but_the_head_for_other_classes_is_taken(kind):
    theirs, folder = kind
    network, card, tensors = _described(folder, in_channels=6)
    taken = begin_with(network, card, tensors)
    own = network.state_dict()
    assert set(taken.afresh) == HEAD
    assert set(taken.unused) >= HEAD
    assert len(taken.adapted) == 2
    assert {name for name, tensor in own.items() if tensor.shape[1:2] == (6,)} <= set(taken.adapted)
    assert set(taken.same) | set(taken.adapted) | HEAD == set(own)
    wanted = {
        "net." + name.replace("encoder.", "encoder.net.", 1) if "pixel_level_module.encoder" in name
        else "net." + name: tensor
        for name, tensor in theirs.state_dict().items()
    }  # fmt: skip
    assert all(torch.equal(own[name], wanted[name]) for name in taken.same)


def test_the_head_is_kept_where_classes_are_as_many(kind):
    _, folder = kind
    network, card, tensors = _described(folder, num_classes=CLASSES + 1)
    assert begin_with(network, card, tensors).afresh == ()


@pytest.mark.parametrize("channels", [1, 3, 6])
@pytest.mark.parametrize("name", ["Mask2Former", "MaskFormer"])
def test_a_grey_photograph_is_answered_as_by_transformers(name, channels, tmp_path):
    theirs = saved_network(name)
    network, card, tensors = _described(
        save(tmp_path / "net", name), in_channels=channels, num_classes=CLASSES + 1
    )
    begin_with(network, card, tensors)
    grey, photograph = _grey_photograph()
    with torch.inference_mode():
        wanted = theirs(photograph)
        found = network.eval().net(grey.expand(1, channels, 96, 128))
        colours = theirs(grey.expand(1, 3, 96, 128))  # as if nothing had been adapted
    for part in ("masks_queries_logits", "class_queries_logits"):
        torch.testing.assert_close(found[part], wanted[part], rtol=1e-3, atol=1e-3)
        assert (colours[part] - wanted[part]).abs().max() > 0.01


def test_a_resnet_sees_a_grey_photograph_alike(tmp_path):
    theirs = saved_network("MaskFormer", "resnet").model.pixel_level_module.encoder.embedder.embedder
    network, card, tensors = _described(save(tmp_path / "net", "MaskFormer", "resnet"), in_channels=6)
    begin_with(network, card, tensors)
    grey, photograph = _grey_photograph()
    with torch.inference_mode():
        wanted = theirs(photograph)
        ours = network.eval().net.model.pixel_level_module.encoder.net.embedder.embedder
        found = ours(grey.expand(1, 6, 96, 128))
    inner = (..., slice(2, -2), slice(2, -2))  # what the border adds is grey here, not the photographs' mean
    torch.testing.assert_close(found[inner], wanted[inner], rtol=1e-4, atol=1e-4)


def _grey_photograph() -> tuple[torch.Tensor, torch.Tensor]:
    """A slice as we show it, and the same as transformers is shown a photograph."""
    grey = torch.rand(1, 1, 96, 128) * 2 - 1
    mean, deviation = (torch.tensor(values)[None, :, None, None] for values in (MEAN, DEVIATION))
    return grey, ((grey + 1) / 2 - mean) / deviation


@pytest.mark.parametrize("edge", [7, 64, 100])
def test_it_answers_slices_of_any_size_and_learns(kind, edge):
    _, folder = kind
    network, card, tensors = _described(folder)
    begin_with(network, card, tensors)
    with torch.inference_mode():
        (answer,) = network.eval()([torch.randn(3, edge, edge)])
    assert answer["masks"].shape[2:] == (edge, edge)
    mask = torch.ones(1, edge, edge, dtype=torch.uint8)
    losses = network.train()([torch.randn(3, edge, edge)], [{"labels": torch.tensor([1]), "masks": mask}])
    total = torch.stack(list(losses.values())).sum()
    total.backward()
    assert torch.isfinite(total)


def test_a_published_description_is_understood():
    swin = network_of(deepcopy(TINY_COCO))
    assert swin == Network("Mask2Former", {
        "backbone": "swin", "body_width": 96, "stride": 4, "depths": [2, 2, 6, 2], "window": 7, "width": 256,
        "head_width": 32, "expansion": 8, "queries": 100, "encoder_layers": 6, "decoder_layers": 10,
    })  # fmt: skip
    resnet = network_of(deepcopy(RESNET50))
    assert resnet == Network("MaskFormer", {
        "backbone": "resnet", "body_width": 256, "layer": "bottleneck", "norm": "frozen", "width": 256,
        "depths": [3, 4, 6, 3], "head_width": 32, "expansion": 8, "queries": 100, "decoder_layers": 6,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "detr"}, "of the kind detr"),
        ({"pre_norm": True}, "pre_norm is True; here it would be False"),
        ({"feature_size": 128}, "feature_size is 128; here it would be 256"),
        ({"encoder_feedforward_dim": 999}, "encoder_feedforward_dim is 999"),
        ({"dim_feedforward": 2000}, "dim_feedforward is 2000"),
        ({"num_attention_heads": 0}, "cannot be followed"),
        ({"num_queries": "many"}, "cannot be followed"),
        ({"decoder_layers": 10**9}, "no part has more than"),
        ({"backbone_config": None, "backbone": "resnet50"}, "backbone is resnet50"),
        ({"backbone_config": {"model_type": "dinov2"}}, "backbone is dinov2"),
        ({"backbone_config": {"model_type": "swin", "depths": [2, 2]}}, "depths are four numbers"),
        ({"backbone_config": {"model_type": "swin", "num_heads": [3, 3, 3, 3]}}, "num_heads is"),
        ({"backbone_config": {"model_type": "swin", "use_absolute_embeddings": True}}, "absolute_embeddings"),
        ({"backbone_config": {"model_type": "swin", "embed_dim": None}}, "cannot be followed"),
    ],
    ids=lambda value: None if isinstance(value, str) else json.dumps(value)[:50],
)
def test_what_a_card_cannot_say_is_refused(change, words):
    with pytest.raises(ModelError, match=words) as caught:
        network_of({**deepcopy(TINY_COCO), **change})
    assert "Swin" in caught.value.hint


def test_weights_of_another_network_are_refused(tmp_path):
    network, card, tensors = _described(save(tmp_path / "net"))
    body = "model.pixel_level_module.encoder.encoder.layers.2.blocks.1.layernorm_after.bias"
    without = {name: tensor for name, tensor in tensors.items() if name != body}
    for changed, words in (
        (without, r"lack 1 tensors \(.*layers\.2\.blocks\.1\.layernorm_after\.bias"),
        ({**tensors, body: torch.ones(3)}, "do not fit the network Mask2Former"),
        ({"w": torch.ones(2)}, r"no class_predictor\.weight"),
        ({"class_predictor.weight": torch.ones(3, WIDTH)}, "not those of a network on a swin"),
    ):
        with pytest.raises(ModelError, match=words):
            begin_with(network, card, changed)


def test_what_the_file_has_beside_is_told(tmp_path):
    network, card, tensors = _described(save(tmp_path / "net"))
    taken = begin_with(network, card, {**tensors, "something.else": torch.ones(2)})
    assert "something.else" in taken.unused


def test_folders_and_files_are_told_apart(tmp_path):
    folder = save(tmp_path / "net")
    weights = folder / "model.safetensors"
    for path in (folder, weights):
        assert find_saved_transformer(path).weights == weights
    assert find_saved_transformer(folder / "resnet18.pth") is None
    assert find_saved_transformer(folder / "pytorch_model.bin") is None  # there is none
    assert find_saved_transformer(tmp_path) is None
    weights.rename(folder / "model-00001-of-00002.safetensors")
    with pytest.raises(ModelError, match="no weights in one file"):
        find_saved_transformer(folder)


def test_a_pickle_is_read_without_loading_it_here(tmp_path):
    network, card, tensors = _described(save(tmp_path / "net"))
    (tmp_path / "net/model.safetensors").unlink()
    torch.save(tensors, tmp_path / "net/pytorch_model.bin")
    saved = find_saved_transformer(tmp_path / "net")
    assert saved.weights.name == "pytorch_model.bin"
    assert set(begin_with(network, card, read_weight_file(saved.weights)).afresh) == HEAD
