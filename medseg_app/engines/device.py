"""Where a model computes: the choice of a device, and settings that make runs repeatable (torch inside)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from medseg_app.core.errors import OutOfMemory, WrongUse
from medseg_app.core.proposal import Proposal

if TYPE_CHECKING:
    from .backend import Arithmetic
    from .contract import Precision

INT8 = "avx2"
"""Ability of a processor that is faster in integers of eight bits, as torch calls it."""


def choose_device(wanted: str = "auto") -> str:
    """The name of the device for "auto", "cpu", "cuda:N" or "mps".

    "auto" is the first CUDA device, else Apple's GPU (MPS), else the processor. Raises WrongUse where the
    device is not there.
    """
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    apple = ["mps"] if torch.backends.mps.is_available() else []
    there = [*(f"cuda:{n}" for n in range(count)), *apple, "cpu"]
    if wanted == "auto":
        return there[0]
    kind, _, number = wanted.partition(":")
    name = f"cuda:{int(number or '0')}" if kind == "cuda" and (number or "0").isdecimal() else wanted
    if name not in there:
        raise WrongUse(f"The device {wanted} is not available.", f"Devices here: {', '.join(there)}.")
    return name


def compute_on(wanted: str, compute: Callable[[str], Proposal]) -> Proposal:
    """Compute on the wanted device; on the processor, with a remark, where that device cannot do it: its
    memory is too small, or it is Apple's and torch has no such operation for it.

    Raises OutOfMemory where the computer's memory is too small as well.
    """
    device = choose_device(wanted)
    settle_torch()
    try:
        if device == "cpu":
            return compute(device)
        try:
            return compute(device)
        except RuntimeError as error:
            remark = _why_not_there(device, error)
            if not remark:
                raise
        forget_unused(device)
        proposal = compute("cpu")
        return replace(proposal, remarks=(*proposal.remarks, remark))
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise OutOfMemory(
            "The computer ran out of memory while the model was running.",
            "Close other programs, or crop the volume to what matters.",
        ) from error


def _why_not_there(device: str, error: RuntimeError) -> str:
    """The remark where the processor is to try it instead; empty where it would fail there as well."""
    if is_out_of_memory(error):
        return f"The memory of {device} was too small, so the processor was used."
    if device == "mps" and isinstance(error, NotImplementedError):
        return "Torch lacks an operation of this model on Apple's GPU, so the processor was used."
    return ""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch or OpenVINO says that the memory of the device or computer is full."""
    import torch

    words = "allocate memory", "out of memory", "bad_alloc"
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(w in str(error) for w in words)


def forget_unused(device: str) -> None:
    """Give back memory of a device that torch keeps for later."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()


def free_memory(device: str) -> int:
    """Bytes of a CUDA device that a run can have: what nobody uses, and what torch keeps for later."""
    import torch

    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def threads() -> int:
    """How many threads compute: OMP_NUM_THREADS where the environment says so, else one per core.

    One number for the window's worker and the command line: sums depend on how they are shared out.
    """
    stated = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    return int(stated) if stated.isdecimal() and int(stated) else os.cpu_count() or 1


def settle_torch() -> None:
    """Make torch repeatable."""
    import torch

    torch.set_num_threads(threads())
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def fast_arithmetic(device: str) -> Arithmetic | None:
    """What "fast" is computed in on a device; None where nothing is faster than float32."""
    if bfloat16_is_faster(device):
        return "bfloat16"
    return "int8" if device == "cpu" and int8_is_faster() else None


def int8_is_faster() -> bool:
    """Whether OpenVINO is there and the processor multiplies many integers of eight bits at once."""
    import torch

    known: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(known.get(INT8)) and find_spec("openvino") is not None


def bfloat16_is_faster(device: str) -> bool:
    """Whether the device computes faster in bfloat16 than in float32; emulated, bfloat16 is slower.

    Of processors those with AMX: by the bfloat16 of AVX-512 alone the shipped networks took 1.0 to 1.5 times
    as long, by OpenVINO and by torch.
    """
    import torch

    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device == "cpu":
        return bool(torch.cpu._is_amx_tile_supported())
    return False


@contextmanager
def stitching() -> Iterator[None]:
    """Inside it torch computes without gradients, and on one thread where the processor does it.

    What is done to a slab is short: waking further threads costs more, and they are in the network's way.
    """
    import torch

    with torch.inference_mode(), _on_threads(1):
        yield


@contextmanager
def _on_threads(count: int) -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def inference(device: str, precision: Precision) -> Iterator[None]:
    """Inside it torch computes without gradients, in bfloat16 where `precision` is "fast" and it pays."""
    import torch

    fast = precision == "fast" and bfloat16_is_faster(device)
    kind = device.partition(":")[0]
    with _on_threads(threads()), torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=fast):
        yield
