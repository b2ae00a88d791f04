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
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Index

from .backend import Arithmetic
from .device import threads
from .early_rounding import round_before_joining
from .precise_norm import fold_constants, normalise_precisely
from .tile_run import Run, by_arrays, run_slices, run_volumes
from .user_folders import user_folder

if TYPE_CHECKING:
    from torch import nn

log = logging.getLogger(__name__)

EXAMPLE_EDGE = 32
TELEMETRY = "openvino_telemetry"


def openvino_run(
    network: nn.Module,
    channels: int,
    arithmetic: Arithmetic,
    name: str,
    tile: Index | None = None,
    slice_edge: int | None = None,
) -> Run | None:
    """The network on the processor; None where OpenVINO is missing or does not know one of its parts.

    network: takes (1, channels, k, j, i); for "int8" it says itself what is rounded how (see eight_bits.py).
    name: under which the converted network is cached. tile: the only size of tiles that the network will be
    given; None: any multiples of 32. slice_edge: for a network that takes slices (b, channels, j, i), an edge
    that it takes.
    """
    try:
        openvino = load_openvino()
        model = _converted(openvino, _Traced(network, channels, tile, slice_edge), name)
        compiled = compile_graph(openvino, model, arithmetic)
    except Exception as error:  # noqa: BLE001 - its parts fail in many ways; torch computes the same
        log.info("torch computes %s, as OpenVINO does not: %s", name, error)
        return None
    by = run_volumes if slice_edge is None else run_slices
    return by(by_arrays(answers_of(compiled)))


def answers_of(compiled: Any) -> Callable[[NDArray[np.float32]], NDArray[Any]]:
    """A batch -> the first output of a compiled model, for several threads at the same time."""
    idle: SimpleQueue[Any] = SimpleQueue()

    def compute(batch: NDArray[np.float32]) -> NDArray[Any]:
        try:
            request = idle.get_nowait()
        except Empty:
            request = compiled.create_infer_request()
        answer = np.asarray(request.infer([batch], share_inputs=True)[0])
        idle.put(request)
        return answer

    return compute


def tiles_at_once(arithmetic: Arithmetic) -> int:
    """How many tiles are computed at the same time, each by its share of the threads.

    Two in float32: cores wait less for each other, a sixth of the time on two of them. In eight bits that
    saved nothing, and a single tile took twice as long.
    """
    return min(2, threads()) if arithmetic == "float32" else 1


def compile_graph(openvino: ModuleType, model: Any, arithmetic: Arithmetic) -> Any:
    """A model of OpenVINO's, ready to compute on the processor; "int8" where the model rounds so itself."""
    if arithmetic == "float32":
        normalise_precisely(openvino, model)
    if arithmetic == "int8":
        round_before_joining(openvino, model)
    hint = "bf16" if arithmetic == "bfloat16" else "f32"
    # Left to itself it computes in bfloat16 without a word.
    settings = {
        "INFERENCE_PRECISION_HINT": hint,
        "INFERENCE_NUM_THREADS": threads(),
        "NUM_STREAMS": tiles_at_once(arithmetic),
    }
    return openvino.Core().compile_model(model, "CPU", settings)


def load_openvino() -> ModuleType:
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


@dataclass(frozen=True)
class _Traced:
    """A network, and the shape of what it is traced with."""

    network: nn.Module
    channels: int
    tile: Index | None
    slice_edge: int | None

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Shape of the input that the network is traced with."""
        if self.slice_edge is not None:
            return (1, self.channels, self.slice_edge, self.slice_edge)
        return (1, self.channels, *(self.tile or (EXAMPLE_EDGE,) * 3))

    @property
    def input_shape(self) -> list[int]:
        """Shapes of input that the converted network takes; -1 is any size."""
        if self.slice_edge is not None:
            return [-1, self.channels, -1, -1]
        return [1, self.channels, *(self.tile or (-1, -1, -1))]


def _converted(openvino: ModuleType, traced: _Traced, name: str) -> Any:
    """The network as OpenVINO's model, from the cache where it lies there."""
    sizes = f" {traced.tile}" if traced.tile else ""
    key = hashlib.sha256(f"{name}{sizes} {openvino.get_version()}".encode()).hexdigest()[:24]
    kept = user_folder("cache") / "openvino" / key
    if (kept / "network.xml").is_file():
        with contextlib.suppress(RuntimeError):  # damaged: made anew
            return openvino.Core().read_model(kept / "network.xml")
    model = _convert(openvino, traced)
    with contextlib.suppress(OSError, RuntimeError):  # a full or read-only disk only costs time
        _keep(openvino, model, kept)
    return model


def _convert(openvino: ModuleType, traced: _Traced) -> Any:
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    example = torch.zeros(traced.example_shape)
    frontend = FrontEndManager().load_by_framework("pytorch")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # about sizes that are fixed by tracing; tiles are multiples of 32
        decoder = TorchScriptPythonDecoder(traced.network.cpu(), example_input=(example,))
        model = frontend.convert(frontend.load(decoder))  # the decoder must outlive the conversion
    model.reshape({0: openvino.PartialShape(traced.input_shape)})
    fold_constants(model)  # OpenVINO computes in eight bits only where it sees the limits as numbers
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
