"""Job of the contained child: a checkpoint of torch's becomes a safetensors file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .contained_child import Job, JobError

if TYPE_CHECKING:
    from torch import Tensor


def work(job: Job) -> None:
    """Write the tensors of job.source to job.out.

    options: "key" names the entry that holds the weights; without it the file itself is the table of
    weights. "without" lists parts of names; tensors of such names are left out.
    """
    import torch
    from safetensors.torch import save_file

    job.libraries_are_loaded()
    with torch.serialization.safe_globals(_numbers_of_numpy()):
        loaded = torch.load(job.source, map_location="cpu", weights_only=True)
    without = job.options.get("without", [])
    tensors = {
        name: tensor
        for name, tensor in _flat(loaded, job.options.get("key", "")).items()
        if not any(part in name for part in without)
    }
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if size > job.limits["file_bytes"]:
        raise JobError("its tensors claim more space than a model may have")
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, job.out)


def _flat(loaded: Any, key: str) -> dict[str, Tensor]:
    import torch

    if key:
        if not isinstance(loaded, dict) or key not in loaded:
            raise JobError(f"it has no entry {key}")
        loaded = loaded[key]
    if not isinstance(loaded, dict) or not loaded:
        raise JobError("it is not a table of weights")
    for name, tensor in loaded.items():
        plain = isinstance(tensor, torch.Tensor) and tensor.layout is torch.strided
        if not isinstance(name, str) or not plain or tensor.is_quantized:
            raise JobError(f"its entry {name!r} is no plain tensor, so it is not a table of weights only")
    return _each_once(loaded)


def _each_once(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors that a network registers under several names are kept under the first."""
    seen: set[tuple[Any, ...]] = set()
    kept = {}
    for name, tensor in tensors.items():
        place = (tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
        if tensor.numel() == 0 or place not in seen:
            seen.add(place)
            kept[name] = tensor
    return kept


def _numbers_of_numpy() -> list[Any]:
    """Training logs hold numpy's scalars; rebuilding one runs nothing."""
    import numpy as np
    from numpy._core.multiarray import scalar

    kinds = [type(np.dtype(name)) for name in ("float64", "float32", "int64", "int32", "bool")]
    return [scalar, np.dtype, *kinds, (scalar, "numpy.core.multiarray.scalar")]
