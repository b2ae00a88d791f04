"""A small MONAI bundle, written as those of the model zoo are, `$` expressions and all."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

CONFIG: dict[str, Any] = {
    "imports": ["$import glob", "$import os"],
    "bundle_root": ".",
    "image_key": "image",
    "output_dir": "$@bundle_root + '/eval'",
    "datalist": "$list(sorted(glob.glob(@bundle_root + '/*.nii.gz')))",
    "device": "$torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')",
    "voxel": [1.5, 1.5, 2.0],
    "settings": {"overlap": 0.5},
    "network_def": {
        "_target_": "UNet",
        "spatial_dims": 3,
        "in_channels": 1,
        "out_channels": 2,
        "channels": [4, 8, 16],
        "strides": [2, 2],
        "num_res_units": 1,
        "norm": "batch",
    },
    "network": "$@network_def.to(@device)",
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", "keys": "@image_key"},
            {"_target_": "EnsureChannelFirstd", "keys": "@image_key"},
            {"_target_": "Orientationd", "keys": "@image_key", "axcodes": "RAS"},
            {"_target_": "Spacingd", "keys": "@image_key", "pixdim": "@voxel", "mode": "bilinear"},
            {
                "_target_": "ScaleIntensityRanged", "keys": "@image_key", "a_min": -57, "a_max": 164,
                "b_min": 0, "b_max": 1, "clip": True,
            },
            {"_target_": "EnsureTyped", "keys": "@image_key"},
        ],
    },
    "inferer": {
        "_target_": "SlidingWindowInferer", "roi_size": [32, 32, 48], "sw_batch_size": 4,
        "overlap": "@settings#overlap",
    },
    "postprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "Activationsd", "keys": "pred", "softmax": True},
            {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing", "orig_keys": "image"},
            {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
            {"_target_": "SaveImaged", "keys": "pred", "output_dir": "@output_dir"},
        ],
    },
    "initialize": ["$monai.utils.set_determinism(seed=123)", "$@checkpointloader(@evaluator)"],
    "run": ["$@evaluator.run()"],
}  # fmt: skip

METADATA: dict[str, Any] = {
    "version": "0.5.3",
    "description": "A pre-trained model for volumetric (3D) segmentation of the spleen from CT image",
    "authors": "MONAI team",
    "copyright": "Copyright (c) MONAI Consortium",
    "data_source": "Task09_Spleen.tar",
    "eval_metrics": {"mean_dice": 0.961},
    "network_data_format": {
        "inputs": {"image": {"type": "image", "modality": "CT", "num_channels": 1}},
        "outputs": {"pred": {"channel_def": {"0": "background", "1": "spleen"}}},
    },
}


def config() -> dict[str, Any]:
    """A configuration of its own to change."""
    return deepcopy(CONFIG)


def metadata() -> dict[str, Any]:
    """Metadata of its own to change."""
    return deepcopy(METADATA)


@cache
def state_bytes() -> bytes:
    """The weights as torch saves them."""
    import torch

    file = BytesIO()
    torch.save(built_network().state_dict(), file)
    return file.getvalue()


@cache
def built_network() -> Any:
    """The network of the bundle with its random weights."""
    import torch
    from monai.networks.nets import UNet

    torch.manual_seed(4)
    arguments = {key: value for key, value in CONFIG["network_def"].items() if key != "_target_"}
    network = UNet(**arguments)
    for module in network.modules():  # batch norms that change something
        if isinstance(module, torch.nn.BatchNorm3d):
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network.eval()


@cache
def safetensors_bytes() -> bytes:
    """The same weights without pickle, which are taken as they are."""
    from safetensors.torch import save

    return save(built_network().state_dict())


WEIGHTS = {"model.pt": state_bytes, "model.safetensors": safetensors_bytes}


def write_bundle(
    folder: Path,
    configuration: dict[str, Any] | None = None,
    about: dict[str, Any] | None = None,
    weights: str = "model.safetensors",
) -> Path:
    """A bundle folder; weights are those of the usual configuration.

    The zoo's are a model.pt, which a process of its own converts: that costs seconds.
    """
    for name in ("configs", "models", "docs"):
        (folder / name).mkdir(parents=True)
    (folder / "configs/inference.json").write_text(json.dumps(configuration or CONFIG))
    (folder / "configs/metadata.json").write_text(json.dumps(about or METADATA))
    (folder / "configs/logging.conf").write_text("[handlers]\nargs=(__import__('os'),)\n")
    (folder / "models" / weights).write_bytes(WEIGHTS[weights]())
    (folder / "docs/README.md").write_text("# Spleen\n")
    (folder / "LICENSE").write_text(
        "\n                 Apache License\n           Version 2.0, January 2004\n"
    )
    return folder
