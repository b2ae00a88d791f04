"""GraphNetwork: a graph that OpenVINO computes on the processor, whatever program it was made with."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import ModelError

from .contract import Precision
from .model_folder import ModelFolder
from .openvino_backend import answers_of, compile_graph, load_openvino, tiles_at_once
from .precision import arithmetic_of
from .preprocess import Preprocessing
from .tile_run import Run, by_arrays, run_volumes

LEAST = 1e-7
"""Probabilities below it are alike: their logarithm has to stay a number."""
OUTPUTS = ("logits", "probabilities")
ReadGraph = Callable[[ModuleType, bytes], Any]
"""OpenVINO, the bytes of the weight file -> its graph."""


class GraphNetwork:
    """Reads and compiles the graph on first use.

    The card's network arguments may say {"output": "probabilities"}; without it the graph gives logits.
    """

    def __init__(self, folder: ModelFolder, read: ReadGraph) -> None:
        self._folder, self._read = folder, read
        self._compiled: dict[Precision, Callable[[NDArray[np.float32]], Any]] = {}

    def on(self, device: str, precision: Precision) -> Run:
        """Gives logits (n, k, j, i) for the channels (c, k, j, i) of a tile on the processor.

        Raises ModelError where OpenVINO does not understand the graph or the card does not fit it.
        """
        if precision not in self._compiled:
            self._compiled[precision] = self._compile(precision)
        compiled = self._compiled[precision]
        output = self._folder.card.network.arguments.get("output", "logits")
        if output not in OUTPUTS:
            raise ModelError(f"The output of a graph is {' or '.join(OUTPUTS)}, not {output!r}.")

        run = run_volumes(by_arrays(compiled))
        return run if output == "logits" else lambda tile: run(tile).clamp(min=LEAST).log()

    def at_once(self, device: str, precision: Precision) -> int:
        """How many tiles are best computed at the same time."""
        return tiles_at_once(arithmetic_of(self._folder.card, "cpu", precision))

    def _compile(self, precision: Precision) -> Callable[[NDArray[np.float32]], Any]:
        card, path = self._folder.card, self._folder.path / self._folder.card.weights
        channels = Preprocessing.from_json(card.preprocessing).in_channels
        data = self._folder.weights()
        try:
            openvino = load_openvino()
            graph = fitted(openvino, self._read(openvino, data), channels, card.grid.tile)
            return answers_of(compile_graph(openvino, graph, arithmetic_of(card, "cpu", precision)))
        except ImportError as error:
            raise ModelError(
                f"{path} needs OpenVINO, which is not installed.", "Install openvino."
            ) from error
        except RuntimeError as error:
            first_line = str(error).strip().partition("\n")[0][:200]
            raise ModelError(
                f"OpenVINO cannot compute {path} ({first_line}).", "Ask for another export of the model."
            ) from error


def fitted(openvino: ModuleType, graph: Any, channels: int, tile: tuple[int, int, int] | None) -> Any:
    """The graph for tiles of this size, or of any size. Raises ModelError where it takes other images."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ModelError(
            f"The graph has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs, not one of each.",
            "Ask for an export of the segmentation network alone.",
        )
    graph.reshape({0: openvino.PartialShape([1, channels, *(tile or (-1, -1, -1))])})
    return graph
