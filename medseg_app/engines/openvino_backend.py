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
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from .contract import Precision
from .device import precision_on, threads
from .tile_run import Run, run_slices, run_volumes
from .user_folders import user_folder

if TYPE_CHECKING:
    from torch import nn

log = logging.getLogger(__name__)

EXAMPLE = (32, 32, 32)
TELEMETRY = "openvino_telemetry"


def openvino_run(
    network: nn.Module,
    channels: int,
    precision: Precision,
    name: str,
    example: tuple[int, ...] = EXAMPLE,
) -> Run | None:
    """The network on the processor; None where OpenVINO is missing or does not know one of its parts.

    network: takes (1, channels, k, j, i), or (b, channels, j, i) where the example has two edges.
    precision: "exact" computes in float32, "fast" in bfloat16 where the processor does so itself. name:
    under which the converted network is cached. example: shape of a tile by which it is traced.
    """
    try:
        openvino = _openvino()
        model = _converted(openvino, network, (channels, *example), name)
        hint = "bf16" if precision_on("cpu", precision) == "fast" else "f32"
        # Left to itself it computes in bfloat16 without a word.
        settings = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": threads()}
        compiled = openvino.Core().compile_model(model, "CPU", settings)
    except Exception as error:  # noqa: BLE001 - its parts fail in many ways; torch computes the same
        log.info("torch computes %s, as OpenVINO does not: %s", name, error)
        return None
    by = run_volumes if len(example) == 3 else run_slices
    return by(lambda batch: np.asarray(compiled(batch)[0]))


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


def _converted(openvino: ModuleType, network: nn.Module, example: tuple[int, ...], name: str) -> Any:
    """The network as OpenVINO's model of any tile size, from the cache where it lies there."""
    key = hashlib.sha256(f"{name} {openvino.get_version()}".encode()).hexdigest()[:24]
    kept = user_folder("cache") / "openvino" / key
    if (kept / "network.xml").is_file():
        with contextlib.suppress(RuntimeError):  # damaged: made anew
            return openvino.Core().read_model(kept / "network.xml")
    model = _convert(openvino, network, example)
    with contextlib.suppress(OSError, RuntimeError):  # a full or read-only disk only costs time
        _keep(openvino, model, kept)
    return model


def _convert(openvino: ModuleType, network: nn.Module, example: tuple[int, ...]) -> Any:
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    frontend = FrontEndManager().load_by_framework("pytorch")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # about sizes that are fixed by tracing; tiles are multiples of 32
        decoder = TorchScriptPythonDecoder(network.cpu(), example_input=(torch.zeros(1, *example),))
        model = frontend.convert(frontend.load(decoder))  # the decoder must outlive the conversion
    channels, *edges = example
    model.reshape({0: openvino.PartialShape([1 if len(edges) == 3 else -1, channels, *[-1] * len(edges)])})
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
