"""A file of weights alone, .safetensors or a checkpoint of torch's, as tensors."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from medseg_app.core.errors import InputError, ModelError
from medseg_app.engines.strict_json import is_special

from .checkpoint_file import MAX_BYTES, copy_numbers
from .sandbox import run_contained

if TYPE_CHECKING:
    from torch import Tensor

SUFFIXES = (".pth", ".pt", ".safetensors")


def checkpoint_weights(path: Path, key: str = "") -> bytes:
    """The tensors of a checkpoint as a safetensors file, made by a child process without rights.

    key: the entry of the checkpoint that holds the weights.
    """
    return run_contained("weights", path, partial(copy_numbers, path), {"key": key})


def read_weight_file(path: Path) -> dict[str, Tensor]:
    """Name -> tensor of a file of weights; a pickle is never loaded in this process.

    Raises InputError where the file cannot be read, ModelError where it holds anything but weights.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        if is_special(path):
            raise ModelError(f"{path} is not a file.", "Get the weights again from their source.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ModelError(f"{path} is larger than a model may be (4 GB).", "Use smaller weights.")
        data = path.read_bytes() if path.suffix.lower() == ".safetensors" else checkpoint_weights(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error}).", "Check the name.") from error
    try:
        return load(data)
    except (SafetensorError, ValueError) as error:
        raise ModelError(
            f"{path} is not a safetensors file ({error}).", "Get the weights again from their source."
        ) from error
