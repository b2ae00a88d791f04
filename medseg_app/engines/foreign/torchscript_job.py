"""Job of the contained child: a TorchScript program is run once and becomes a graph of OpenVINO's.

The graph is data: after this nobody needs the program any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .contained_child import Job, JobError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME = 1e-3
"""The graph answers as the program did, within this share of the largest logit."""


def work(job: Job) -> None:
    """Write the graph of the program job.source to job.out (see graph_file.py).

    options: channels and classes of the program, tile (k, j, i) that it is given.
    """
    import numpy as np
    import torch

    from medseg_app.engines.graph_file import pack_graph
    from medseg_app.engines.openvino_backend import compile_graph, load_openvino

    openvino = load_openvino()
    torch.set_num_threads(1)
    job.libraries_are_loaded()
    program = torch.jit.load(str(job.source), map_location="cpu").eval()
    shape = (1, job.options["channels"], *job.options["tile"])
    example = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    expected = _answer(program, example, job.options["classes"])
    graph = _graph(openvino, program, shape)
    compiled = compile_graph(openvino, graph, "exact")
    found = np.asarray(compiled(example.numpy())[0])
    scale = max(float(np.abs(expected).max()), 1.0)
    if found.shape != expected.shape or not np.abs(found - expected).max() <= SAME * scale:
        raise JobError("the graph made of it does not answer as the program does")
    files = job.private / "graph.xml"
    openvino.save_model(graph, files, compress_to_fp16=False)
    job.out.write_bytes(pack_graph(files.read_bytes(), files.with_suffix(".bin").read_bytes()))


def _answer(program: Any, example: Any, classes: int) -> NDArray[Any]:
    """The logits of the program for the example, (1, classes, k, j, i)."""
    import torch

    with torch.inference_mode():
        answer = program(example)
    if not isinstance(answer, torch.Tensor):
        raise JobError("it answers with something else than one tensor")
    wanted = (1, classes, *example.shape[2:])
    if tuple(answer.shape) != wanted:
        raise JobError(f"it answers with the shape {tuple(answer.shape)} where its card means {wanted}")
    return answer.float().numpy()


def _graph(openvino: Any, program: Any, shape: tuple[int, ...]) -> Any:
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    frontend = FrontEndManager().load_by_framework("pytorch")
    decoder = TorchScriptPythonDecoder(program)
    graph = frontend.convert(frontend.load(decoder))  # the decoder must outlive the conversion
    graph.reshape({0: openvino.PartialShape(shape)})
    return graph
