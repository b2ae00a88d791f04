"""Weights between a torch network and the bytes of a safetensors file (torch; adapters and training only)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from medseg_app.core.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .model_folder import ModelFolder

REMEDY = "Copy the model folder again from its source."


def pack_weights(network: nn.Module, half: bool = False) -> bytes:
    """A network's weights as a safetensors file; half stores float16.

    Tensors that a network registers under several names (MONAI's DynUNet) are stored once, and those that
    it computes from its arguments (the places in Swin's windows) not at all.
    """
    import torch
    from safetensors.torch import save

    named, kept = chain(network.named_parameters(), network.named_buffers()), network.state_dict()
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in named if name in kept}
    if half:
        tensors = {name: t.half() if t.dtype is torch.float32 else t for name, t in tensors.items()}
    return save(tensors)


def load_weights(network: nn.Module, folder: ModelFolder) -> None:
    """Put the checked weights of a model folder into a network, as float32.

    Raises ModelError where the file was changed, is no safetensors file, holds what is no number (a network
    of such weights finds nothing, which would look like a result) or does not fit the network.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = folder.path / folder.card.weights
    try:
        tensors = load(folder.weights())
    except (SafetensorError, ValueError) as error:
        raise ModelError(f"{path} is not a safetensors file ({error}).", REMEDY) from error
    strange = [name for name, tensor in tensors.items() if not tensor.isfinite().all()]
    if strange:
        names = ", ".join(strange[:3])
        raise ModelError(f"The weights {path} hold values that are not numbers ({names}).", REMEDY)
    try:
        misfits = put_tensors(network, tensors)
    except RuntimeError as error:
        raise ModelError(f"The weights {path} do not fit the network of the card.", REMEDY) from error
    if misfits:
        names = ", ".join(misfits[:3])
        raise ModelError(f"The weights {path} do not fit the network of the card ({names}).", REMEDY)


def put_tensors(network: nn.Module, tensors: dict[str, Tensor]) -> list[str]:
    """Fill a network, and give the names that only one of both has; none where all fits.

    A tensor with several names in the network may be given under one of them. Raises RuntimeError where a
    tensor has another shape.
    """
    result = network.load_state_dict(tensors, strict=False)
    return [*_not_filled(network.state_dict(), tensors, result.missing_keys), *result.unexpected_keys]


def _not_filled(state: dict[str, Tensor], given: dict[str, Tensor], missing: list[str]) -> list[str]:
    """Missing names that are not another name of a tensor that was given."""
    filled = {state[name].data_ptr() for name in given if name in state}
    return [name for name in missing if state[name].data_ptr() not in filled]
