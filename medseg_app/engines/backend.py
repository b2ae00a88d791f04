"""Backend: what computes a model on a kind of device, what was measured of it, when it is close enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from .strict_json import FORBID_UNKNOWN

Kind = Literal["cpu", "cuda", "mps"]
Arithmetic = Literal["float32", "bfloat16", "int8"]
"""What a network is computed in."""
ARITHMETIC: dict[str, tuple[Arithmetic, ...]] = {"exact": ("float32",), "fast": ("bfloat16", "int8")}
"""By precision."""
LEAST_DICE = {"exact": 0.999, "fast": 0.99}
"""Foreground Dice to torch in float32, by precision, below which a backend is not used for a model."""


@dataclass(frozen=True)
class Backend:
    """One line of a card: how close a backend comes to torch in float32, and what it takes.

    device: kind of device, "cpu", "cuda" or "mps". by: what computes, in words (see computed_by).
    images: how many images it was measured on, of large ones the middle slices. dice: foreground Dice to
    torch over all of them, rounded down; None where neither found anything. worst_dice: in the worst image.
    ap: average precision of its findings at IoU 0.5 where those of torch are the truth; None without any.
    seconds: time per million voxels of the model's grid, once warm; on the processor that of the processor.
    memory_mb: the most that an image took beyond what was in use; millions: of voxels in the largest image.
    gflops: what that computer can multiply (see processor_speed.py).
    """

    device: Kind
    precision: Literal["exact", "fast"]
    by: str
    images: int
    dice: float | None
    worst_dice: float | None
    ap: float | None
    seconds: float
    memory_mb: float
    millions: float
    gflops: float

    __pydantic_config__ = FORBID_UNKNOWN

    @property
    def arithmetic(self) -> Arithmetic:
        """What it computes in."""
        return cast("Arithmetic", self.by.rpartition(" ")[2])

    @property
    def is_reference(self) -> bool:
        """Whether it is what others are compared with, so that its agreement says nothing."""
        return self.by == REFERENCE

    @property
    def is_close(self) -> bool:
        """Whether it answers as torch in float32 does, as closely as its precision promises."""
        return self.dice is None or self.dice >= LEAST_DICE[self.precision]


def computed_by(program: str, arithmetic: Arithmetic) -> str:
    """What computes and in what, in words: "OpenVINO in float32"."""
    return f"{program} in {arithmetic}"


REFERENCE = computed_by("torch", "float32")


def kind_of(device: str) -> Kind:
    """The kind of a device: "cuda:0" is of kind "cuda"."""
    return "cuda" if device.startswith("cuda") else "mps" if device == "mps" else "cpu"


def measured(backends: Sequence[Backend], device: str, arithmetic: Arithmetic) -> Backend | None:
    """What is known of a device and what it computes in; None where nothing is."""
    wanted = kind_of(device), arithmetic
    return next((one for one in backends if (one.device, one.arithmetic) == wanted), None)


def is_close(backends: Sequence[Backend], device: str, arithmetic: Arithmetic) -> bool:
    """Whether a backend may compute a model: it was never measured, or was found close enough."""
    known = measured(backends, device, arithmetic)
    return known is None or known.is_close


def fast_is_close(backends: Sequence[Backend], device: str, arithmetic: Arithmetic) -> bool:
    """Whether "fast" was measured and found close, on this kind of device or else on others.

    The rounding of the arithmetic decides, wherever it is computed.
    """
    lines = [one for one in backends if one.arithmetic == arithmetic]
    own = [one for one in lines if one.device == kind_of(device)]
    return bool(lines) and all(one.is_close for one in own or lines)
