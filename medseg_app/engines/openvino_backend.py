"""OpenVINO: the networks of voxelwise models, several times faster on a processor than torch is.

Converting takes seconds, so the result is kept in the user's cache, by the checksum of the weights.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .contract import Precision
from .device import precision_on, threads
from .user_folders import user_folder

if TYPE_CHECKING:
    from torch import nn

log = logging.getLogger(__name__)

EXAMPLE_EDGE = 32
TELEMETRY = "openvino_telemetry"
Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Channels of a tile (c, k, j, i) -> logits (n, k, j, i)."""


def openvino_run(network: nn.Module, channels: int, precision: Precision, name: str) -> Run | None:
    """The network on the processor; None where OpenVINO is missing or does not know one of its parts.

    network: takes (1, channels, k, j, i). precision: "exact" computes in float32, "fast" in bfloat16
    where the processor does so itself. name: under which the converted network is cached.
    """
    try:
        openvino = _openvino()
        model = _converted(openvino, network, channels, name)
        hint = "bf16" if precision_on("cpu", precision) == "fast" else "f32"
        # Left to itself it computes in bfloat16 without a word.
        settings = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": threads()}
        compiled = openvino.Core().compile_model(model, "CPU", settings)
    except Exception as error:  # noqa: BLE001 - its parts fail in many ways; torch computes the same
        log.info("torch computes %s, as OpenVINO does not: %s", name, error)
        return None
    return lambda tile: np.asarray(compiled(tile[None])[0][0])


def _openvino() -> ModuleType:
    """OpenVINO, which would otherwise report its every use to its maker when it is imported."""
    with _without_telemetry():
        import openvino

    return openvino


@contextlib.contextmanager
def _without_telemetry() -> Iterator[None]:
    before = sys.modules.get(TELEMETRY)
    sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # an import of it fails, as if not installed
    try:
        yield
    finally:
        del sys.modules[TELEMETRY]
        if before is not None:
            sys.modules[TELEMETRY] = before


def _converted(openvino: ModuleType, network: nn.Module, channels: int, name: str) -> Any:
    """The network as OpenVINO's model of any tile size, from the cache where it lies there."""
    key = hashlib.sha256(f"{name} {openvino.get_version()}".encode()).hexdigest()[:24]
    kept = user_folder("cache") / "openvino" / key
    if (kept / "network.xml").is_file():
        with contextlib.suppress(RuntimeError):  # damaged: made anew
            return openvino.Core().read_model(kept / "network.xml")
    model = _convert(openvino, network, channels)
    with contextlib.suppress(OSError, RuntimeError):  # a full or read-only disk only costs time
        _keep(openvino, model, kept)
    return model


def _convert(openvino: ModuleType, network: nn.Module, channels: int) -> Any:
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    example = torch.zeros(1, channels, EXAMPLE_EDGE, EXAMPLE_EDGE, EXAMPLE_EDGE)
    frontend = FrontEndManager().load_by_framework("pytorch")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # about sizes that are fixed by tracing; tiles are multiples of 32
        decoder = TorchScriptPythonDecoder(network.cpu(), example_input=(example,))
        model = frontend.convert(frontend.load(decoder))  # the decoder must outlive the conversion
    model.reshape({0: openvino.PartialShape([1, channels, -1, -1, -1])})
    return model


def _keep(openvino: ModuleType, model: Any, kept: Path) -> None:
    """Write both files of a model under their name at once."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{kept.name}.", dir=kept.parent))
    openvino.save_model(model, draft / "network.xml", compress_to_fp16=False)
    try:
        draft.replace(kept)
    except OSError:  # another run was faster
        for file in draft.iterdir():
            file.unlink()
        draft.rmdir()
