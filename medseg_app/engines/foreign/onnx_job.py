"""Job of the contained child: an ONNX graph is read and computed once, before it is kept as it is."""

from __future__ import annotations

import io

import numpy as np

from medseg_app.core.errors import ModelError

from .contained_child import Job, JobError

EDGE = 64
"""Edge of the tile that is tried where the card names none."""


def work(job: Job) -> None:
    """Copy job.source to job.out if it answers as its card says.

    options: channels and classes of the model, tile (k, j, i) or None.
    """
    from medseg_app.engines.graph_network import fitted
    from medseg_app.engines.openvino_backend import compile_graph, load_openvino

    openvino = load_openvino()
    job.libraries_are_loaded()
    data = job.source.read_bytes()
    graph = openvino.Core().read_model(io.BytesIO(data))
    tile, channels = job.options["tile"], job.options["channels"]
    shape = graph.inputs[0].partial_shape if graph.inputs else openvino.PartialShape([])
    if tile is None and len(shape) == 5 and any(not shape[n].is_dynamic for n in (2, 3, 4)):
        raise JobError(f"it takes tiles of one size only ({shape}); state it as grid.tile in its card")
    try:
        compiled = compile_graph(openvino, fitted(openvino, graph, channels, tile), "float32")
    except ModelError as error:
        raise JobError(error.message.rstrip(".")) from error
    edges = tile or (EDGE, EDGE, EDGE)
    # Not of one value: a graph may divide by the spread of what it sees.
    example = np.random.default_rng(1).standard_normal((1, channels, *edges), np.float32)
    answer = np.asarray(compiled(example)[0])
    wanted = (1, job.options["classes"], *edges)
    if answer.shape != wanted:
        raise JobError(f"it answers with the shape {answer.shape} where its card means {wanted}")
    if not np.isfinite(answer).all():
        raise JobError("it answers with values that are not numbers")
    job.out.write_bytes(data)
