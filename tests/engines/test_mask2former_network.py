"""Mask2Former and MaskFormer: built without a network connection, exact about sizes, saved whole."""

from __future__ import annotations

import pytest
import torch

from medseg_app.core.errors import ModelError
from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import build_network
from medseg_app.engines.query_network import _findings
from medseg_app.engines.weights import load_weights, pack_weights

from .offline import build_without_network
from .tiny_models import write_tiny_model

TINY = {"in_channels": 1, "num_classes": 3, "width": 32, "queries": 4, "decoder_layers": 2, "body_width": 16}
KINDS = [
    (name, backbone, stride)
    for name in ("Mask2Former", "MaskFormer")
    for backbone in ("swin", "resnet")
    for stride in (4, 2)
]


def tiny(name: str = "Mask2Former", **arguments) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network(Network(name, {**TINY, **arguments}))


def targets(count: int, size: tuple[int, int]) -> dict[str, torch.Tensor]:
    """Blocks of both classes in turn; the network asks for masks and labels only."""
    masks = torch.zeros(count, *size, dtype=torch.uint8)
    for number in range(count):
        masks[number, 4 + 8 * number : 10 + 8 * number, 6:20] = 1
    return {"labels": torch.arange(count) % 2 + 1, "masks": masks}


def answered(network: torch.nn.Module, images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    with torch.inference_mode():
        return network.eval()(images)


SMALL = [
    Network(name, {"in_channels": 1, "num_classes": 2, "backbone": backbone})
    for name in ("Mask2Former", "MaskFormer")
    for backbone in ("swin", "resnet")
]


def test_the_network_is_not_asked_and_nothing_is_said():
    """The process asks the network in the end, to show that this would have been seen."""
    asking = "import socket; print('built', flush=True); socket.create_connection(('127.0.0.1', 9))"
    run = build_without_network(*SMALL, then=asking)
    assert (run.returncode, run.stdout) == (1, "built\n")
    assert run.stderr.startswith("used the network: socket")
    assert run.stderr.count("\n") == 1


def test_the_defaults_are_small():
    for backbone in ("swin", "resnet"):
        network = build_network(
            Network("Mask2Former", {"in_channels": 6, "num_classes": 2, "backbone": backbone})
        )
        assert 2e6 < sum(weight.numel() for weight in network.parameters()) < 6e6


@pytest.mark.parametrize(("name", "backbone", "stride"), KINDS)
def test_slices_of_any_size_are_answered_at_their_size(name, backbone, stride):
    network = tiny(name, backbone=backbone, stride=stride)
    images = [torch.randn(1, 33, 50), torch.randn(1, 128, 96), torch.randn(1, 7, 5)]
    answers = answered(network, images)
    assert any(len(found["scores"]) for found in answers)
    for image, found in zip(images, answers, strict=True):
        count = len(found["scores"])
        assert found["masks"].shape == (count, 1, *image.shape[1:])
        assert found["boxes"].shape == (count, 4)
        assert ((found["masks"] >= 0) & (found["masks"] <= 1)).all()
        assert (found["scores"].diff() <= 0).all()
        assert set(found["labels"].tolist()) <= {1, 2}


@pytest.mark.parametrize("backbone", ["swin", "resnet"])
def test_the_smallest_slices_are_answered_and_learnt_from(backbone):
    network, image = tiny(backbone=backbone), torch.randn(1, 3, 9)
    (found,) = answered(network, [image])
    assert found["masks"].shape[2:] == (3, 9)
    losses = network.train()([image], [targets(0, (3, 9))])
    assert all(torch.isfinite(loss) for loss in losses.values())


@pytest.mark.parametrize("backbone", ["swin", "resnet"])
def test_padding_to_a_multiple_of_32_is_all_that_happens_to_a_slice(backbone):
    """A slice and the same slice, padded by hand, are the same to the network; no pixel is shifted."""
    network = tiny(backbone=backbone, queries=1)
    image = torch.randn(1, 40, 70)
    by_hand = torch.zeros(1, 64, 96)
    by_hand[:, :40, :70] = image
    (small,), (large,) = answered(network, [image]), answered(network, [by_hand])
    assert len(small["masks"]) == len(large["masks"]) > 0
    torch.testing.assert_close(small["masks"], large["masks"][:, :, :40, :70])


def test_a_score_is_class_times_certainty_and_the_box_ends_behind_the_mask():
    chances = torch.tensor([[0.1, 0.5], [0.01, 0.0]])
    masks = torch.full((2, 6, 8), 0.25)
    masks[0, 2:4, 3:7] = 0.75
    found = _findings(chances, masks)
    torch.testing.assert_close(found["scores"], torch.tensor([0.375, 0.075]))
    assert found["labels"].tolist() == [2, 1]
    assert found["boxes"].tolist() == [[3, 2, 7, 4], [3, 2, 7, 4]]
    torch.testing.assert_close(found["masks"], masks[[0, 0]][:, None])


def test_a_query_without_a_pixel_is_no_finding():
    found = _findings(torch.tensor([[0.9]]), torch.full((1, 6, 8), 0.4))
    assert [len(value) for value in found.values()] == [0, 0, 0, 0]


@pytest.mark.parametrize(("name", "backbone", "stride"), KINDS)
def test_every_weight_learns_from_slices_of_several_sizes(name, backbone, stride):
    network = tiny(name, backbone=backbone, stride=stride).train()
    sizes = [(40, 50), (64, 33), (28, 40)]
    losses = network(
        [torch.randn(1, *size) for size in sizes], [targets(n, size) for n, size in enumerate(sizes)]
    )
    torch.stack(list(losses.values())).sum().backward()
    still = [name for name, weight in network.named_parameters() if weight.grad is None]
    # The norm of a Swin that classifies images; its features here have norms of their own.
    assert all("encoder.net" in name and "layernorm" in name for name in still)


@pytest.mark.parametrize("name", ["Mask2Former", "MaskFormer"])
def test_a_batch_without_findings_teaches_silence(name):
    network = tiny(name).train()
    losses = network([torch.randn(1, 40, 50)] * 2, [targets(0, (40, 50))] * 2)
    total = torch.stack(list(losses.values())).sum()
    total.backward()
    assert torch.isfinite(total)
    assert total > 0


@pytest.mark.parametrize("backbone", ["swin", "resnet"])
def test_in_mixed_precision_only_the_backbone_is_rounded(backbone):
    network = tiny(backbone=backbone).train()
    image, truth, seen = torch.randn(1, 64, 64), targets(2, (64, 64)), []
    network.net.model.pixel_level_module.encoder.net.register_forward_hook(
        lambda module, args, output: seen.append(output.feature_maps[-1].dtype)
    )
    network.net.model.pixel_level_module.decoder.register_forward_hook(
        lambda module, args, output: seen.append(output.mask_features.dtype)
    )
    with torch.autocast("cpu", torch.bfloat16):
        losses = network([image], [truth])
    assert seen == [torch.bfloat16, torch.float32]
    assert all(loss.dtype == torch.float32 for loss in losses.values())


@pytest.mark.parametrize(("name", "backbone", "stride"), KINDS)
def test_weights_come_back_by_our_own_loader(tmp_path, name, backbone, stride, monkeypatch):
    network = tiny(name, backbone=backbone, stride=stride)
    folder = write_tiny_model(tmp_path / "model", "mask2former")
    monkeypatch.setattr(type(folder), "weights", lambda self: pack_weights(network))
    torch.manual_seed(1)
    other = build_network(Network(name, {**TINY, "backbone": backbone, "stride": stride}))
    image = torch.randn(1, 40, 50)
    assert not torch.equal(answered(other, [image])[0]["masks"], answered(network, [image])[0]["masks"])
    load_weights(other, folder)
    assert torch.equal(answered(other, [image])[0]["masks"], answered(network, [image])[0]["masks"])


@pytest.mark.parametrize(
    "arguments",
    [
        {"backbone": "vit"},
        {"backbone": "hub/some-network"},
        {"stride": 3},
        {"width": 48},
        {"queries": "many"},
        {"queries": 10**9},
        {"num_classes": 0},
        {"decoder_layers": None},
        {"body_width": 0},
        {"nonsense": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["Mask2Former", "MaskFormer"])
def test_a_hostile_card_is_refused(name, arguments):
    with pytest.raises(ModelError):
        tiny(name, **arguments)
