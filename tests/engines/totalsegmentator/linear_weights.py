"""Weights of nnU-Net that call what lies above 0 HU the liver: a network whose answer is known beforehand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LIVER, CLASSES = 5, 118
FOLDER = "Dataset297_TotalSegmentator_total_3mm_1559subj"
TRAINER = "nnUNetTrainer_4000epochs_NoMirroring"
ARCHITECTURE = {
    "n_stages": 2, "features_per_stage": [2, 2], "conv_op": "torch.nn.modules.conv.Conv3d",
    "kernel_sizes": [[3, 3, 3], [3, 3, 3]], "strides": [[1, 1, 1], [2, 2, 2]], "n_conv_per_stage": [1, 1],
    "n_conv_per_stage_decoder": [1], "conv_bias": True, "norm_op": None, "norm_op_kwargs": {},
    "dropout_op": None, "dropout_op_kwargs": None, "nonlin": None, "nonlin_kwargs": {},
}  # fmt: skip
RESAMPLING = {"is_seg": False, "order": 1, "order_z": 0, "force_separate_z": None}
VALUES = {
    "mean": 0.0, "std": 100.0, "percentile_00_5": -1000.0, "percentile_99_5": 1000.0,
    "min": -1000.0, "max": 1000.0, "median": 0.0,
}  # fmt: skip


def write_weights(results: Path) -> None:
    """The folder of the task total at 3 mm, as TotalSegmentator unpacks it."""
    import torch

    folder = results / FOLDER / f"{TRAINER}__nnUNetPlans__3d_fullres"
    (folder / "fold_0").mkdir(parents=True)
    labels = {"background": 0, **{f"class{n}": n for n in range(1, CLASSES)}}
    dataset = {"channel_names": {"0": "CT"}, "labels": labels, "numTraining": 1, "file_ending": ".nii.gz"}
    (folder / "dataset.json").write_text(json.dumps(dataset))
    (folder / "plans.json").write_text(json.dumps(_plans()))
    checkpoint = {
        "network_weights": _state(), "trainer_name": TRAINER, "init_args": {"configuration": "3d_fullres"},
        "inference_allowed_mirroring_axes": None,
    }  # fmt: skip
    torch.save(checkpoint, folder / "fold_0" / "checkpoint_final.pth")


def _state() -> dict[str, Any]:
    """Everything 0 but one way through the finest stage."""
    import torch
    from dynamic_network_architectures.architectures.unet import PlainConvUNet

    plain = {**ARCHITECTURE, "conv_op": torch.nn.Conv3d}
    network = PlainConvUNet(input_channels=1, num_classes=CLASSES, deep_supervision=False, **plain)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.encoder.stages[0][0].convs[0].conv.weight[0, 0, 1, 1, 1] = 1
        network.decoder.stages[0].convs[0].conv.weight[0, 2, 1, 1, 1] = 1
        last = network.decoder.seg_layers[-1]
        last.bias[1:] = -50
        last.bias[LIVER] = 0
        last.weight[LIVER, 0] = 1
    return dict(network.state_dict())


def _plans() -> dict[str, Any]:
    resampling = "resample_data_or_seg_to_shape"
    names = ("conv_op", "norm_op", "dropout_op", "nonlin")
    configuration = {
        "data_identifier": "nnUNetPlans_3d_fullres", "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2, "patch_size": [32, 32, 32], "spacing": [3.0, 3.0, 3.0],
        "normalization_schemes": ["CTNormalization"], "use_mask_for_norm": [False], "batch_dice": False,
        "median_image_size_in_voxels": [32, 32, 32],
        "architecture": {
            "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
            "arch_kwargs": ARCHITECTURE, "_kw_requires_import": list(names),
        },
        **{f"resampling_fn_{what}": resampling for what in ("data", "seg", "probabilities")},
        **{f"resampling_fn_{what}_kwargs": RESAMPLING for what in ("data", "probabilities")},
        "resampling_fn_seg_kwargs": {**RESAMPLING, "is_seg": True},
    }  # fmt: skip
    return {
        "dataset_name": FOLDER, "plans_name": "nnUNetPlans", "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2], "transpose_backward": [0, 1, 2],
        "original_median_spacing_after_transp": [3.0, 3.0, 3.0],
        "original_median_shape_after_transp": [32, 32, 32],
        "experiment_planner_used": "ExperimentPlanner", "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": VALUES},
        "configurations": {"3d_fullres": configuration},
    }  # fmt: skip
