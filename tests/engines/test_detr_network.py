"""DETR and RT-DETR with masks: built without a network connection, exact about places, saved whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from medseg_app.core.errors import ModelError
from medseg_app.engines.box_unet import grown, pasted
from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import build_network
from medseg_app.engines.weights import load_weights, pack_weights

from .offline import build_without_network
from .tiny_models import write_tiny_model

TINY = {"in_channels": 1, "num_classes": 3, "width": 32, "queries": 6, "decoder_layers": 2, "body_width": 16}
NAMES = ["Detr", "RtDetr"]


def tiny(name: str, **arguments) -> torch.nn.Module:
    torch.manual_seed(0)
    return build_network(Network(name, {**TINY, **arguments}))


def targets(count: int, size: tuple[int, int]) -> dict[str, torch.Tensor]:
    """Blocks of both classes in turn."""
    masks, boxes = torch.zeros(count, *size, dtype=torch.uint8), torch.zeros(count, 4)
    for number in range(count):
        masks[number, 4 + 8 * number : 10 + 8 * number, 6:20] = 1
        boxes[number] = torch.tensor([6.0, 4 + 8 * number, 20, 10 + 8 * number])
    return {"labels": torch.arange(count) % 2 + 1, "masks": masks, "boxes": boxes}


def answered(network: torch.nn.Module, images: list[torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    with torch.inference_mode():
        return network.eval()(images)


def test_the_network_is_not_asked_and_nothing_is_said():
    run = build_without_network(*(Network(name, {"in_channels": 1, "num_classes": 2}) for name in NAMES))
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_are_small(name):
    network = build_network(Network(name, {"in_channels": 6, "num_classes": 2}))
    assert 2e6 < sum(weight.numel() for weight in network.parameters()) < 8e6


@pytest.mark.parametrize("name", NAMES)
def test_slices_of_any_size_are_answered_at_their_size(name):
    images = [torch.randn(1, 33, 50), torch.randn(1, 128, 96), torch.randn(1, 7, 5)]
    answers = answered(tiny(name), images)
    assert any(len(found["scores"]) for found in answers)
    for image, found in zip(images, answers, strict=True):
        count = len(found["scores"])
        assert found["masks"].shape == (count, 1, *image.shape[1:])
        assert found["boxes"].shape == (count, 4)
        assert ((found["masks"] >= 0) & (found["masks"] <= 1)).all()
        assert (found["boxes"] <= torch.tensor([*image.shape[:0:-1]] * 2)).all()
        assert (found["scores"].diff() <= 0).all()
        assert set(found["labels"].tolist()) <= {1, 2}


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_learns_from_slices_of_several_sizes(name):
    network = tiny(name).train()
    sizes = [(40, 50), (64, 33), (28, 40)]
    losses = network(
        [torch.randn(1, *size) for size in sizes], [targets(n, size) for n, size in enumerate(sizes)]
    )
    torch.stack(list(losses.values())).sum().backward()
    assert [name for name, weight in network.named_parameters() if weight.grad is None] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_without_findings_teaches_silence(name):
    network = tiny(name).train()
    losses = network([torch.randn(1, 40, 50)] * 2, [targets(0, (40, 50))] * 2)
    total = torch.stack(list(losses.values())).sum()
    total.backward()
    assert torch.isfinite(total)
    assert total > 0
    assert all(weight.grad is not None for weight in network.masks.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_in_mixed_precision_the_boxes_are_not_rounded(name):
    network, seen = tiny(name).train(), []
    network.net.model.backbone.model.net.register_forward_hook(
        lambda module, args, output: seen.append(output.feature_maps[-1].dtype)
    )
    network.net.model.decoder.register_forward_hook(
        lambda module, args, output: seen.append(output.last_hidden_state.dtype)
    )
    with torch.autocast("cpu", torch.bfloat16):
        losses = network([torch.randn(1, 64, 64)], [targets(2, (64, 64))])
    assert seen == [torch.bfloat16, torch.float32]
    assert all(loss.dtype == torch.float32 for loss in losses.values())


@pytest.mark.parametrize("name", NAMES)
def test_weights_come_back_by_our_own_loader(tmp_path, name, monkeypatch):
    network = tiny(name)
    folder = write_tiny_model(tmp_path / "model", "detr")
    monkeypatch.setattr(type(folder), "weights", lambda self: pack_weights(network))
    torch.manual_seed(1)
    other = build_network(Network(name, TINY))
    image = torch.randn(1, 40, 50)
    assert not torch.equal(answered(other, [image])[0]["masks"], answered(network, [image])[0]["masks"])
    load_weights(other, folder)
    assert torch.equal(answered(other, [image])[0]["masks"], answered(network, [image])[0]["masks"])


def test_a_mask_lies_where_its_box_lies_to_a_part_of_a_pixel():
    """A bump seen in a box of odd edges is pasted back; its centroid in pixels is that of the box."""
    edge = 32
    places = (torch.arange(edge) + 0.5) / edge
    bump = torch.exp(-((places[:, None] - 0.5) ** 2 + (places[None] - 0.5) ** 2) / 0.02)[None, None]
    boxes = torch.tensor([[10.3, 5.7, 41.9, 26.1], [3.25, 20.0, 17.75, 33.5]])
    masks = pasted(bump.expand(2, 1, edge, edge), boxes, (40, 60)).numpy()
    for mask, box in zip(masks[:, 0], boxes.numpy(), strict=True):
        row, column = np.array(ndimage.center_of_mass(mask)) + 0.5  # the middle of pixel n is n + 0.5
        assert (row, column) == pytest.approx(((box[1] + box[3]) / 2, (box[0] + box[2]) / 2), abs=0.02)


def test_what_is_seen_in_a_box_and_pasted_back_is_in_its_place():
    network = tiny("RtDetr")
    truth = torch.zeros(1, 50, 60)
    truth[0, 12:31, 22:47] = 1
    box = grown(torch.tensor([[22.0, 12.0, 47.0, 31.0]]), 0.2)
    back = pasted(network.masks._truth(truth, box), box, (50, 60))[0, 0] > 0.5
    assert torch.equal(back, truth[0] > 0)


@pytest.mark.parametrize(
    "arguments",
    [
        {"layer": "vit"},
        {"width": 40},
        {"mask_edge": 40},
        {"queries": "many"},
        {"num_classes": 1},
        {"decoder_layers": None},
        {"depths": [2, 2]},
        {"body_width": 0},
        {"nonsense": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", NAMES)
def test_a_card_that_asks_for_nonsense_is_refused(name, arguments):
    with pytest.raises(ModelError, match=name):
        tiny(name, **arguments)
