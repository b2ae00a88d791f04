"""The allowlist: what may be built, from what arguments, and that it learns what it should."""

from __future__ import annotations

import pytest
import torch

from medseg_app.core.errors import ModelError
from medseg_app.engines import networks
from medseg_app.engines.model_card import Network
from medseg_app.engines.networks import build_network

DEPTH = {"kernel_size": [3, 3, 3], "strides": [1, 2, 2], "upsample_kernel_size": [2, 2]}
SIZES = {"spatial_dims": 3, "in_channels": 2, "out_channels": 4}
VOXELWISE = [
    Network("BasicUNet", {**SIZES, "features": [4, 4, 8, 8, 8, 4]}),
    Network("UNet", {**SIZES, "channels": [4, 8, 8], "strides": [2, 2], "num_res_units": 1}),
    Network("DynUNet", {**SIZES, **DEPTH, "filters": [4, 8, 8]}),
    Network("SegResNet", {**SIZES, "init_filters": 8, "blocks_down": [1, 1], "blocks_up": [1]}),
]
OF_ONE_TILE_SIZE = [
    Network("VNet", SIZES),
    Network("AttentionUnet", {**SIZES, "channels": [4, 8, 8], "strides": [2, 2]}),
    Network(
        "UNETR",
        {
            "in_channels": 2, "out_channels": 4, "img_size": [32, 32, 32], "feature_size": 4,
            "hidden_size": 24, "mlp_dim": 32, "num_heads": 4,
        },
    ),
    Network("SwinUNETR", {"in_channels": 2, "out_channels": 4, "feature_size": 12}),
]  # fmt: skip
SLIM = Network(
    "MaskRCNNSlim", {"in_channels": 3, "num_classes": 2, "stages": 3, "anchor_sizes": [8, 16, 32, 64]}
)


TORCHVISION = [
    Network("MaskRCNN", {"in_channels": 3, "num_classes": 2, **choices})
    for choices in (
        {"backbone": "resnet18"},
        {"backbone": "resnet50"},
        {"backbone": "resnet50", "heads": "v2", "norm": "frozen"},
        {"backbone": "mobilenet"},
        {"backbone": "mobilenet", "norm": "frozen"},
    )
]


@pytest.mark.parametrize("network", VOXELWISE + OF_ONE_TILE_SIZE, ids=lambda network: network.name)
def test_voxelwise_networks_give_one_channel_per_class(network):
    built, edge = build_network(network).eval(), 64 if network.name == "SwinUNETR" else 32
    with torch.inference_mode():
        assert built(torch.zeros(1, 2, edge, edge, edge)).shape == (1, 4, edge, edge, edge)


def test_a_missing_package_is_told_as_such(monkeypatch):
    def missing(**_):
        raise ImportError("no module", name="einops")

    monkeypatch.setitem(networks.BUILDERS, "UNet", missing)
    with pytest.raises(ModelError, match="einops") as caught:
        build_network(VOXELWISE[1])
    assert "transformers" in caught.value.hint


@pytest.mark.parametrize(
    "network",
    [
        Network("Sequential", {}),
        Network("os.system", {"command": "true"}),
        Network("DynUNet", {**SIZES, **DEPTH, "filters": [4, 8, 8], "nonsense": 1}),
        Network("UNet", {**SIZES, "channels": [4, 8, 8], "strides": [2, 2], "act": torch.nn.ReLU}),
        Network("DynUNet", {**SIZES, **DEPTH, "filters": [4096, 8192, 16384]}),
        Network("MaskRCNNSlim", {"in_channels": 3}),
        Network("MaskRCNN", {"in_channels": 3, "num_classes": 2, "backbone": "resnet999"}),
        Network("MaskRCNN", {"in_channels": 3, "num_classes": 2, "norm": "batch"}),
    ],
    ids=[
        "unknown",
        "program",
        "unknown argument",
        "object",
        "too large",
        "missing argument",
        "backbone",
        "norm",
    ],
)
def test_everything_else_is_refused(network):
    with pytest.raises(ModelError):
        build_network(network)


def _name(network):
    return "-".join(str(value) for value in network.arguments.values() if isinstance(value, str)) or "slim"


OF_SLICES = [SLIM, Network("MaskRCNNSlim", {"in_channels": 3, "num_classes": 2}), *TORCHVISION]


@pytest.mark.parametrize("network", OF_SLICES, ids=_name)
def test_mask_rcnn_takes_slices_of_any_size_as_they_are(network):
    built = build_network(network).eval()
    with torch.inference_mode():
        found = built([torch.zeros(3, 70, 45)])[0]
    assert found["masks"].shape[1:] == (1, 70, 45)
    assert len(found["scores"]) <= 10


@pytest.mark.parametrize("network", [SLIM, *TORCHVISION], ids=_name)
def test_mask_rcnn_trains_on_slices_without_findings(network):
    built = build_network(network).train()
    nothing = {
        "boxes": torch.zeros(0, 4),
        "labels": torch.zeros(0, dtype=torch.int64),
        "masks": torch.zeros(0, 64, 64, dtype=torch.uint8),
    }
    losses = built([torch.rand(3, 64, 64)], [nothing])
    assert all(torch.isfinite(loss) for loss in losses.values())


@pytest.mark.parametrize("network", [SLIM, *TORCHVISION], ids=_name)
def test_every_weight_of_mask_rcnn_can_learn(network):
    """torchvision's own builder freezes the first layers, which only suits photographs."""
    torch.manual_seed(0)
    built = build_network(network).train()
    mask = torch.zeros(1, 64, 64, dtype=torch.uint8)
    mask[0, 16:40, 20:44] = 1
    target = {"boxes": torch.tensor([[20.0, 16, 44, 40]]), "labels": torch.tensor([1]), "masks": mask}
    losses = built([torch.rand(3, 64, 64)], [target])
    torch.stack(list(losses.values())).sum().backward()
    names = [name for name, weight in built.named_parameters() if weight.grad is None]
    unused = ("net.body.layer4", ".fc.") if network is SLIM else ()
    assert not [name for name in names if not any(part in name for part in unused)]


@pytest.mark.parametrize("network", TORCHVISION, ids=_name)
def test_no_network_of_torchvision_is_downloaded(network, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a download")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", refuse)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    build_network(network)
