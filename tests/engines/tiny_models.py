"""Tiny random models in real model folders, one per adapter."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from medseg_app.engines.model_card import LabelClass, ModelCard, ModelGrid, Network
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.model_folder_writer import write_model_folder

WINDOW = {"kind": "window", "low": -1000, "high": 1000}

TINY: dict[str, ModelCard] = {
    "unet": ModelCard(
        name="tiny-organs",
        version="1.0",
        engine="unet",
        task="semantic",
        modality=("CT",),
        licence="Apache-2.0",
        labels={2: LabelClass("Liver", (200, 90, 60)), 5: LabelClass("Spleen", (90, 60, 200))},
        network=Network(
            "BasicUNet",
            {"spatial_dims": 3, "in_channels": 1, "out_channels": 3, "features": [4, 4, 4, 4, 4, 4]},
        ),
        grid=ModelGrid("SPL", (3.0, 2.0, 2.0)),
        preprocessing={"channels": {"CT": [WINDOW]}},
    ),
    "unet for findings": ModelCard(
        name="tiny-tumours",
        version="1.0",
        engine="unet",
        task="instance",
        modality=("CT",),
        licence="Apache-2.0",
        labels={1: LabelClass("Tumour", (220, 40, 40), "instance")},
        network=Network(
            "DynUNet",
            {
                "spatial_dims": 3,
                "in_channels": 1,
                "out_channels": 2,
                "kernel_size": [3, 3, 3],
                "strides": [1, 2, 2],
                "upsample_kernel_size": [2, 2],
                "filters": [4, 4, 4],
            },
        ),
        preprocessing={"channels": {"CT": [WINDOW]}},
    ),
    "mask_rcnn": ModelCard(
        name="tiny-lesions",
        version="1.0",
        engine="mask_rcnn",
        task="instance",
        modality=("CT",),
        licence="Apache-2.0",
        labels={1: LabelClass("Tumour", (220, 40, 40), "instance")},
        network=Network("MaskRCNNSlim", {"in_channels": 3, "num_classes": 2, "width": 8, "max_findings": 4}),
        grid=ModelGrid("SPL", (3.0, 1.0, 1.0), ((1.0, 6.0), (0.9, 1.2), (0.9, 1.2))),
        preprocessing={"channels": {"CT": [WINDOW]}, "neighbours": 1},
        thresholds={"min_score": 0.1, "min_slice_score": 0.1, "mask": 0.2},
    ),
}


TINY["mask_rcnn of torchvision"] = replace(
    TINY["mask_rcnn"],
    network=Network(
        "MaskRCNN", {"in_channels": 3, "num_classes": 2, "backbone": "mobilenet", "max_findings": 4}
    ),
)
TINY["unet for slices"] = replace(
    TINY["unet"],
    network=Network(
        "BasicUNet",
        {"spatial_dims": 2, "in_channels": 3, "out_channels": 3, "features": [4, 4, 4, 4, 4, 4]},
    ),
    preprocessing={"channels": {"CT": [WINDOW]}, "neighbours": 1},
)
TINY["unet of 2015"] = replace(
    TINY["unet for slices"],
    network=Network("UNet2015", {"in_channels": 3, "out_channels": 3, "width": 4}),
)
TINY["yolact"] = replace(
    TINY["mask_rcnn"],
    engine="yolact",
    network=Network("Yolact", {"in_channels": 3, "num_classes": 2, "width": 8, "prototypes": 4}),
)

TINY["mask2former"] = replace(
    TINY["mask_rcnn"],
    engine="mask2former",
    network=Network(
        "Mask2Former",
        {
            "in_channels": 3,
            "num_classes": 2,
            "width": 32,
            "queries": 4,
            "decoder_layers": 2,
            "body_width": 16,
        },
    ),
)

TINY["maskformer"] = replace(
    TINY["mask2former"], network=replace(TINY["mask2former"].network, name="MaskFormer")
)

TINY["detr"] = replace(
    TINY["mask2former"], engine="detr", network=replace(TINY["mask2former"].network, name="RtDetr")
)

TINY["detr of 2020"] = replace(TINY["detr"], network=replace(TINY["detr"].network, name="Detr"))


@cache
def tiny_weights(name: str) -> bytes:
    """Random weights of the network of this name, as a safetensors file."""
    import torch

    from medseg_app.engines.networks import build_network
    from medseg_app.engines.weights import pack_weights

    torch.manual_seed(3)
    return pack_weights(build_network(TINY[name].network), half=True)


def write_tiny_model(path: Path, name: str, called: str = "") -> ModelFolder:
    """A model folder with a small random network for the adapter of this name."""
    card = replace(TINY[name], name=called or TINY[name].name)
    return write_model_folder(path, card, tiny_weights(name))
