"""What is said before the first run is what torch then chooses; torch itself is not loaded for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from medseg_app.engines import expected_device
from medseg_app.engines.expected_device import ExpectedDevices, expected_devices

ASK = (
    "import sys; from medseg_app.engines.expected_device import expected_devices; found = expected_devices();"
    "assert not {'torch', 'monai'} & set(sys.modules);"
    "from medseg_app.engines.device import choose_device, fast_arithmetic; device = choose_device('auto');"
    "assert found.auto == device, (found, device);"
    "assert found.fast.get('cpu') == fast_arithmetic('cpu'), found"
)


def test_it_foretells_what_torch_chooses() -> None:
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Driver:
    """A CUDA driver as ctypes hands it out; every function answers 0 where it went well."""

    def __init__(self, version: int, generation: int) -> None:
        self._version, self._generation = version, generation

    def cuInit(self, _flags: int) -> int:
        return 0

    def cuDriverGetVersion(self, answer: Any) -> int:
        answer._obj.value = self._version
        return 0

    def cuDeviceGet(self, _answer: Any, _number: int) -> int:
        return 0 if self._generation else 101

    def cuDeviceGetAttribute(self, answer: Any, _attribute: int, _card: Any) -> int:
        answer._obj.value = self._generation
        return 0


@pytest.mark.parametrize(
    ("version", "generation", "built_for", "device", "fast"),
    [
        (13020, 9, "'13.2'", "cuda:0", True),
        (13000, 7, "'12.4'", "cuda:0", False),
        (12040, 9, "'13.2'", "cpu", False),
        (13020, 0, "'13.2'", "cpu", False),
        (13020, 9, "None", "cpu", False),
    ],
)
def test_a_card_counts_with_a_driver_and_a_torch_that_can_use_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    version: int, generation: int, built_for: str, device: str, fast: bool,
) -> None:  # fmt: skip
    (tmp_path / "version.py").write_text(f"cuda: Optional[str] = {built_for}\n")
    place = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(expected_device, "find_spec", lambda _: place)
    monkeypatch.setattr(expected_device.ctypes, "CDLL", lambda _: Driver(version, generation))
    found = expected_devices()
    assert found.auto == device
    assert ("cuda" in found.fast) == fast


def test_without_driver_torch_or_facts_it_is_the_processor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(expected_device, "DRIVER", "no-such-driver.so")
    monkeypatch.setattr(expected_device, "find_spec", lambda _: None)
    monkeypatch.setattr(expected_device, "CPU_FACTS", tmp_path / "none")
    assert expected_devices() == ExpectedDevices("cpu", {})


@pytest.mark.parametrize(
    ("system", "machine", "torch", "device"),
    [("darwin", "arm64", True, "mps"), ("darwin", "x86_64", True, "cpu"), ("darwin", "arm64", False, "cpu")],
)
def test_a_mac_with_a_processor_of_apples_has_a_gpu(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, torch: bool, device: str
) -> None:
    monkeypatch.setattr(expected_device, "DRIVER", "no-such-driver.so")
    monkeypatch.setattr(expected_device.sys, "platform", system)
    monkeypatch.setattr(expected_device.platform, "machine", lambda: machine)
    monkeypatch.setattr(
        expected_device, "find_spec", lambda _: SimpleNamespace(origin=None) if torch else None
    )
    assert expected_devices().auto == device


@pytest.mark.parametrize(("there", "fast"), [(1, {"cpu": "int8"}), (0, {})])
def test_windows_is_asked_for_the_abilities_of_its_processor(
    monkeypatch: pytest.MonkeyPatch, there: int, fast: dict[str, str]
) -> None:
    def library(name: str) -> Any:
        if name != "kernel32":
            raise OSError
        return SimpleNamespace(IsProcessorFeaturePresent=lambda number: number == 40 and there)

    monkeypatch.setattr(expected_device.sys, "platform", "win32")
    monkeypatch.setattr(expected_device.ctypes, "CDLL", library)
    monkeypatch.setattr(expected_device, "find_spec", lambda name: name == "openvino" or None)
    assert expected_devices() == ExpectedDevices("cpu", fast)
