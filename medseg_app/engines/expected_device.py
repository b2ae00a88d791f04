"""What "auto" and "fast" will come to, asked of the system and not of torch, whose import takes seconds.

The file of torch's version says for which CUDA it was built, the driver whether there is a card; a Mac with
a processor of Apple's has a GPU that torch can use. What a run
then reports is the truth; this is said before the first one.
"""

from __future__ import annotations

import ctypes
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from .backend import Arithmetic

DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
BUILT_FOR = re.compile(r"^cuda\b[^=]*=\s*'(\d+)", re.MULTILINE)
CPU_FACTS = Path("/proc/cpuinfo")
BFLOAT16 = "amx_tile"
"""Ability of a processor that is faster in bfloat16 (see `device.bfloat16_is_faster`)."""
AVX2_OF_WINDOWS = 40
"""Windows' number of the ability AVX2."""
INT8 = "avx2"
"""Ability of one that is faster in integers of eight bits (see `device.int8_is_faster`)."""
CAPABILITY_MAJOR = 75
"""CUDA's number of the attribute that tells the generation of a card."""
FIRST_WITH_BFLOAT16 = 8


@dataclass(frozen=True)
class ExpectedDevices:
    """auto: the device that "auto" means. fast: kind of device ("cpu", "cuda") -> what "fast" computes in."""

    auto: str
    fast: Mapping[str, Arithmetic]


def expected_devices() -> ExpectedDevices:
    """What `engines.device` will most likely choose on this computer; asks no torch."""
    generation = _generation_of_card(_cuda_of_torch())
    fast: dict[str, Arithmetic] = {}
    if processor := _fast_on_processor():
        fast["cpu"] = processor
    if generation >= FIRST_WITH_BFLOAT16:
        fast["cuda"] = "bfloat16"
    auto = "cuda:0" if generation else "mps" if _has_apple_gpu() else "cpu"
    return ExpectedDevices(auto, fast)


def expected_device(wanted: str) -> str:
    """The device that a wish will most likely come to."""
    return expected_devices().auto if wanted == "auto" else wanted


def _cuda_of_torch() -> int:
    """Major version of the CUDA that the installed torch was built for; 0 for none."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return 0
    try:
        text = Path(spec.origin).with_name("version.py").read_text("utf-8")
    except OSError:
        return 0
    found = BUILT_FOR.search(text)
    return int(found[1]) if found else 0


def _generation_of_card(needed_cuda: int) -> int:
    """Major compute capability of the first card; 0 without one, or with a driver too old for this CUDA."""
    version, card, generation = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    try:
        driver = ctypes.CDLL(DRIVER)
        failed = (
            driver.cuInit(0)
            or driver.cuDriverGetVersion(ctypes.byref(version))
            or driver.cuDeviceGet(ctypes.byref(card), 0)
            or driver.cuDeviceGetAttribute(ctypes.byref(generation), CAPABILITY_MAJOR, card)
        )
    except (OSError, AttributeError):
        return 0
    return 0 if failed or not needed_cuda or version.value // 1000 < needed_cuda else generation.value


def _has_apple_gpu() -> bool:
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    return apple and find_spec("torch") is not None


def _fast_on_processor() -> Arithmetic | None:
    abilities = _abilities_on_windows() if sys.platform == "win32" else _abilities_on_linux()
    if BFLOAT16 in abilities:
        return "bfloat16"
    return "int8" if INT8 in abilities and find_spec("openvino") else None


def _abilities_on_windows() -> set[str]:
    there = ctypes.CDLL("kernel32").IsProcessorFeaturePresent(AVX2_OF_WINDOWS)
    return {INT8} if there else set()


def _abilities_on_linux() -> set[str]:
    try:
        lines = CPU_FACTS.read_text("utf-8", "replace").splitlines()
    except OSError:
        return set()
    return set(next((line for line in lines if line.startswith("flags")), "").split())
