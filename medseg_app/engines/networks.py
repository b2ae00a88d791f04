"""The networks a model card may name: an allowlist, each built from literal arguments (torch inside)."""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from medseg_app.core.errors import ModelError

from .account_name import name_the_account
from .model_card import Network

if TYPE_CHECKING:
    from torch import nn

LITERALS = (bool, int, float, str, type(None))
MAX_PARAMETERS = 200_000_000
"""A card that asks for more is refused before the computer runs out of memory."""


def build_network(network: Network) -> nn.Module:
    """The untrained network of a model card. Raises ModelError where it is not allowed or cannot be built."""
    builder = BUILDERS.get(network.name)
    if builder is None:
        known = ", ".join(BUILDERS)
        raise ModelError(f"The network {network.name} is not one that MedSeg builds.", f"Known are {known}.")
    if not _is_literal(network.arguments):
        raise ModelError(f"The arguments of {network.name} may be numbers, words and lists only.")
    name_the_account()
    try:
        size = _parameters(builder, network.arguments)
        if size > MAX_PARAMETERS:
            raise ModelError(
                f"The network {network.name} is too large: it has {size:,} parameters, and at most "
                f"{MAX_PARAMETERS:,} are built.",
                "Choose a smaller network.",
            )
        return builder(**network.arguments)
    except ImportError as error:
        raise ModelError(
            f"The network {network.name} needs a package that is not installed ({error.name or error}).",
            "Install MedSeg with its extra transformers.",
        ) from error
    except (TypeError, ValueError, AssertionError, RuntimeError, IndexError, KeyError) as error:
        raise ModelError(
            f"The network {network.name} cannot be built from its arguments ({error})."
        ) from error


def _parameters(builder: Callable[..., nn.Module], arguments: dict[str, Any]) -> int:
    """How many parameters the network has, counted without giving them memory."""
    import torch
    from torch.overrides import TorchFunctionMode

    class _RatesHaveValues(TorchFunctionMode):
        """MONAI's SwinUNETR asks a tensor of dropout rates for its values while it is built."""

        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            choices = kwargs or {}
            return function(
                *args, **({"device": "cpu", **choices} if function is torch.linspace else choices)
            )

    with torch.device("meta"), _RatesHaveValues():
        return sum(tensor.numel() for tensor in builder(**arguments).parameters())


def _is_literal(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_literal(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_literal, value))
    return isinstance(value, LITERALS)


def _monai(name: str) -> Callable[..., nn.Module]:
    def build(**arguments: Any) -> nn.Module:
        return getattr(_networks_of_monai(), name)(**arguments)  # type: ignore[no-any-return]

    return build


def _networks_of_monai() -> ModuleType:
    """MONAI imports all of itself; the collector would look through it again and again meanwhile."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        from monai.networks import nets
    finally:
        if was_collecting:
            gc.enable()
    return nets  # type: ignore[no-any-return]


def _mask_rcnn(**arguments: Any) -> nn.Module:
    from .mask_rcnn_network import mask_rcnn

    return mask_rcnn(**arguments)


def _mask_rcnn_slim(**arguments: Any) -> nn.Module:
    from .mask_rcnn_slim import mask_rcnn_slim

    return mask_rcnn_slim(**arguments)


def _yolact(**arguments: Any) -> nn.Module:
    from .yolact_network import Yolact

    return Yolact(**arguments)


def _nnunet(**arguments: Any) -> nn.Module:
    from .nnunet_networks import nnunet

    return nnunet(**arguments)


def _unet2015(**arguments: Any) -> nn.Module:
    from .unet2015_network import UNet2015

    return UNet2015(**arguments)


def _of_queries(name: str) -> Callable[..., nn.Module]:
    def build(**arguments: Any) -> nn.Module:
        from . import mask2former_network

        return getattr(mask2former_network, name)(**arguments)

    return build


def _of_boxes(name: str) -> Callable[..., nn.Module]:
    def build(**arguments: Any) -> nn.Module:
        from . import detr_network

        return getattr(detr_network, name)(**arguments)

    return build


MONAI = ("BasicUNet", "UNet", "DynUNet", "SegResNet", "AttentionUnet", "VNet", "UNETR", "SwinUNETR")

BUILDERS: dict[str, Callable[..., nn.Module]] = {
    **{name: _monai(name) for name in MONAI},
    "UNet2015": _unet2015,
    "MaskRCNN": _mask_rcnn,
    "MaskRCNNSlim": _mask_rcnn_slim,
    "NnUNet": _nnunet,
    "Yolact": _yolact,
    "Mask2Former": _of_queries("mask2former"),
    "MaskFormer": _of_queries("maskformer"),
    "Detr": _of_boxes("detr"),
    "RtDetr": _of_boxes("rt_detr"),
}
"""Name in the card -> builder."""
