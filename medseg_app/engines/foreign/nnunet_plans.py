"""The plans of nnU-Net v2, read as data: names of classes are looked up in a table, never imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from medseg_app.core.errors import ModelError
from medseg_app.engines.model_card import Network

ARCHITECTURES = {
    "dynamic_network_architectures.architectures.unet.PlainConvUNet": "plain",
    "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet": "residual",
    "PlainConvUNet": "plain",
    "ResidualEncoderUNet": "residual",
}
CONVOLUTIONS = {"torch.nn.modules.conv.Conv3d", "torch.nn.Conv3d"}
NORMS = {
    "torch.nn.modules.instancenorm.InstanceNorm3d": "instance",
    "torch.nn.InstanceNorm3d": "instance",
    "torch.nn.modules.batchnorm.BatchNorm3d": "batch",
    "torch.nn.BatchNorm3d": "batch",
}
SLOPES = {
    "torch.nn.LeakyReLU": 0.01,
    "torch.nn.modules.activation.LeakyReLU": 0.01,
    "torch.nn.ReLU": 0.0,
    "torch.nn.modules.activation.ReLU": 0.0,
}
KNOWN_ARGUMENTS = {
    "n_stages", "features_per_stage", "conv_op", "kernel_sizes", "strides", "n_conv_per_stage",
    "n_blocks_per_stage", "n_conv_per_stage_decoder", "conv_bias", "norm_op", "norm_op_kwargs", "dropout_op",
    "dropout_op_kwargs", "nonlin", "nonlin_kwargs",
}  # fmt: skip
MAX_INHERITANCE = 8
HINT = "MedSeg reads 3D models of one image with nnU-Net's own networks. Ask its authors for an ONNX file."


@dataclass(frozen=True)
class Plans:
    """One configuration of a plans.json, with what it inherits from others."""

    data: dict[str, Any]
    configuration: dict[str, Any]
    name: str
    path: Path

    @classmethod
    def of(cls, data: dict[str, Any], name: str, path: Path) -> Plans:
        """Raises ModelError where there is no such configuration."""
        table = data.get("configurations")
        if not isinstance(table, dict) or not isinstance(table.get(name), dict):
            raise ModelError(f"{path} holds no configuration {name}.", HINT)
        merged: dict[str, Any] = {}
        step: Any = name
        for _ in range(MAX_INHERITANCE):
            own = table.get(step)
            if not isinstance(own, dict):
                raise ModelError(f"{path} is not taken: a configuration inherits from {step!r}.", HINT)
            merged = {**own, **merged}
            step = own.get("inherits_from")
            if step is None:
                return cls(data, merged, name, path)
        raise ModelError(f"{path} is not taken: configurations inherit in a circle.", HINT)

    def refuse(self, key: str, what: str) -> NoReturn:
        """Say which key is the reason why the model is not taken."""
        raise ModelError(f"{self.path} is not taken: {self.name}.{key} {what}.", HINT)

    def numbers(self, key: str, count: int | None = None, least: float = 0) -> list[Any]:
        """A list of numbers above `least` under a key of the configuration."""
        return self.checked(key, self.configuration.get(key), count, least)

    def checked(self, key: str, value: Any, count: int | None = None, least: float = 0) -> list[Any]:
        """The value, if it is a list of numbers above `least`."""
        numbers = isinstance(value, list) and all(
            isinstance(one, int | float) and not isinstance(one, bool) and one > least for one in value
        )
        if not numbers or (count is not None and len(value) != count):
            self.refuse(key, "is not a list of numbers as nnU-Net writes it")
        return list(value)


def network_of(plans: Plans, classes: int) -> Network:
    """The network of the plans with its literal arguments, for `classes` channels of output.

    Raises ModelError that names a class or argument that is not nnU-Net's own.
    """
    described = plans.configuration.get("architecture")
    if described is None:
        return _of_older_plans(plans, classes)
    if not isinstance(described, dict) or not isinstance(described.get("arch_kwargs"), dict):
        plans.refuse("architecture", "is not understood")
    kind = _known(
        plans, "architecture.network_class_name", described.get("network_class_name"), ARCHITECTURES
    )
    given = described["arch_kwargs"]
    strange = sorted(set(given) - KNOWN_ARGUMENTS)
    if strange:
        plans.refuse(f"architecture.arch_kwargs.{strange[0]}", "is an argument that MedSeg does not know")
    if given.get("conv_op") not in CONVOLUTIONS:
        plans.refuse("architecture.arch_kwargs.conv_op", f"is {given.get('conv_op')!r}, not Conv3d")
    return Network("NnUNet", _arguments(plans, kind, given, classes))


def _arguments(plans: Plans, kind: str, given: dict[str, Any], classes: int) -> dict[str, Any]:
    place = "architecture.arch_kwargs"
    counts = "n_blocks_per_stage" if kind == "residual" else "n_conv_per_stage"
    features = plans.checked(f"{place}.features_per_stage", given.get("features_per_stage"))
    levels = {
        "features": features,
        "kernels": _threes(plans, f"{place}.kernel_sizes", given.get("kernel_sizes"), len(features)),
        "strides": _threes(plans, f"{place}.strides", given.get("strides"), len(features)),
        "counts": plans.checked(f"{place}.{counts}", given.get(counts), len(features)),
        "decoder_counts": plans.checked(
            f"{place}.n_conv_per_stage_decoder", given.get("n_conv_per_stage_decoder"), len(features) - 1
        ),
    }
    slope = _known(plans, f"{place}.nonlin", given.get("nonlin"), SLOPES)
    leak = (given.get("nonlin_kwargs") or {}).get("negative_slope", slope)
    style = {
        "bias": given.get("conv_bias") is True,
        "norm": _known(plans, f"{place}.norm_op", given.get("norm_op"), NORMS),
        "norm_arguments": given.get("norm_op_kwargs") or {},
        "slope": leak if slope else 0.0,
    }
    return {"kind": kind, "in_channels": 1, "out_channels": classes, "levels": levels, "style": style}


def _threes(plans: Plans, key: str, value: Any, count: int) -> list[list[int]]:
    if not isinstance(value, list) or len(value) != count:
        plans.refuse(key, "does not say something for every level")
    return [plans.checked(key, one, 3) for one in value]


def _of_older_plans(plans: Plans, classes: int) -> Network:
    """Plans from before nnU-Net 2.5 state widths and strides, and leave the rest to the program."""
    given = plans.configuration
    kind = _known(plans, "UNet_class_name", given.get("UNet_class_name"), ARCHITECTURES)
    kernels, strides = given.get("conv_kernel_sizes"), given.get("pool_op_kernel_sizes")
    count = len(kernels) if isinstance(kernels, list) else 0
    base, most = plans.checked(
        "UNet_base_num_features", [given.get("UNet_base_num_features"), given.get("unet_max_num_features")], 2
    )
    levels = {
        "features": [min(base * 2**level, most) for level in range(count)],
        "kernels": _threes(plans, "conv_kernel_sizes", kernels, count),
        "strides": _threes(plans, "pool_op_kernel_sizes", strides, count),
        "counts": plans.numbers("n_conv_per_stage_encoder", count),
        "decoder_counts": plans.numbers("n_conv_per_stage_decoder", count - 1),
    }
    style = {"bias": True, "norm": "instance", "norm_arguments": {"eps": 1e-5, "affine": True}, "slope": 0.01}
    arguments = {"kind": kind, "in_channels": 1, "out_channels": classes, "levels": levels, "style": style}
    return Network("NnUNet", arguments)


def _known(plans: Plans, key: str, name: Any, table: dict[str, Any]) -> Any:
    if not isinstance(name, str) or name not in table:
        plans.refuse(key, f"names {name!r}, which is not on the list of known classes")
    return table[name]
