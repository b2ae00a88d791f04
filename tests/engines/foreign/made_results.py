"""A small folder of results as nnU-Net v2 writes it, checkpoint and all."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

KERNELS, STRIDES = [[1, 3, 3], [3, 3, 3], [3, 3, 3]], [[1, 1, 1], [1, 2, 2], [2, 2, 2]]
ARCHITECTURE: dict[str, Any] = {
    "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
    "arch_kwargs": {
        "n_stages": 3,
        "features_per_stage": [4, 6, 8],
        "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": KERNELS,
        "strides": STRIDES,
        "n_conv_per_stage": [2, 1, 2],
        "n_conv_per_stage_decoder": [1, 2],
        "conv_bias": True,
        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
        "norm_op_kwargs": {"eps": 1e-05, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    },
    "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
}
PLANS: dict[str, Any] = {
    "dataset_name": "Dataset009_Spleen",
    "plans_name": "nnUNetPlans",
    "image_reader_writer": "SimpleITKIO",
    "transpose_forward": [0, 1, 2],
    "transpose_backward": [0, 1, 2],
    "foreground_intensity_properties_per_channel": {
        "0": {"mean": 100.0, "std": 40.0, "percentile_00_5": -20.0, "percentile_99_5": 180.0, "max": 900.0}
    },
    "configurations": {
        "2d": {"patch_size": [32, 32]},
        "3d_fullres": {
            "spacing": [2.5, 0.8, 0.8],
            "patch_size": [16, 32, 32],
            "normalization_schemes": ["CTNormalization"],
            "use_mask_for_norm": [False],
            "architecture": ARCHITECTURE,
        },
        "3d_child": {"inherits_from": "3d_fullres", "patch_size": [8, 32, 32]},
    },
}
DATASET: dict[str, Any] = {
    "channel_names": {"0": "CT"},
    "labels": {"background": 0, "spleen": 1, "tumour": 2, "ignore": 3},
    "numTraining": 41,
    "file_ending": ".nii.gz",
    "licence": "CC-BY-SA 4.0",
}


def plans() -> dict[str, Any]:
    """Plans of their own to change."""
    return deepcopy(PLANS)


def older_plans() -> dict[str, Any]:
    """The same network as nnU-Net before 2.5 describes it."""
    changed = plans()
    configuration = changed["configurations"]["3d_fullres"]
    del configuration["architecture"]
    configuration.update(
        UNet_class_name="PlainConvUNet", UNet_base_num_features=4, unet_max_num_features=6,
        conv_kernel_sizes=KERNELS, pool_op_kernel_sizes=STRIDES, n_conv_per_stage_encoder=[2, 1, 2],
        n_conv_per_stage_decoder=[1, 2],
    )  # fmt: skip
    return changed


def arguments(kind: str) -> dict[str, Any]:
    """What build_network is asked for these results."""
    levels = {"features": [4, 6, 8], "kernels": KERNELS, "strides": STRIDES, "counts": [2, 1, 2]}
    return {
        "kind": kind,
        "in_channels": 1,
        "out_channels": 3,
        "levels": {**levels, "decoder_counts": [1, 2]},
        "style": {
            "bias": True,
            "norm": "instance",
            "norm_arguments": {"eps": 1e-05, "affine": True},
            "slope": 0.01,
        },
    }


def waves(network: Any) -> Any:
    """Fill the weights with waves that anybody can compute again; gives the network."""
    import torch

    state = network.state_dict()
    for number, name in enumerate(sorted(state)):
        steps = np.arange(state[name].numel()) * 0.37 + number
        state[name].copy_(torch.from_numpy(0.4 * np.sin(steps)).reshape(state[name].shape))
    return network.eval()


def checkpoint(network: Any) -> dict[str, Any]:
    """What nnU-Net saves: weights under several names, and the logs of the training with numpy's numbers."""
    weights = dict(network.state_dict())
    for name, tensor in list(weights.items()):
        for part, place in ((".conv.", "0"), (".norm.", "1")):
            if part in name and ".convs." in name:
                weights[name.replace(part, f".all_modules.{place}.")] = tensor
        if name.startswith("encoder."):
            weights[f"decoder.{name}"] = tensor
    return {
        "network_weights": weights,
        "optimizer_state": {"state": {}, "param_groups": [{"lr": 0.01}]},
        "logging": {"mean_fg_dice": [np.float64(0.9), np.float32(0.8)], "ema": np.float64(0.5)},
        "current_epoch": 1000,
        "trainer_name": "nnUNetTrainer",
        "init_args": {"configuration": "3d_fullres", "fold": 0},
        "inference_allowed_mirroring_axes": (0, 1, 2),
    }


def write_results(
    parent: Path, changed_plans: dict[str, Any] | None = None, dataset: dict[str, Any] | None = None,
    kind: str = "plain", name: str = "nnUNetTrainer__nnUNetPlans__3d_fullres",
) -> Path:  # fmt: skip
    """Results with one fold."""
    import torch

    from medseg_app.engines.model_card import Network
    from medseg_app.engines.networks import build_network

    folder = parent / "Dataset009_Spleen" / name
    (folder / "fold_0").mkdir(parents=True)
    (folder / "plans.json").write_text(json.dumps(changed_plans or PLANS))
    (folder / "dataset.json").write_text(json.dumps(dataset or DATASET))
    network = waves(build_network(Network("NnUNet", arguments(kind))))
    torch.save(checkpoint(network), folder / "fold_0/checkpoint_final.pth")
    return folder
