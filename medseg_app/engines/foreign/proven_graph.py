"""In the contained child: a program becomes a graph of OpenVINO's, which has to answer as the program does.

The graph is data: after this nobody needs the program any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .contained_child import Job, JobError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAME = 1e-3
"""The graph answers as the program did, within this share of the largest logit."""


def write_graph(job: Job, openvino: Any, program: Any) -> None:
    """Write the graph of a program (TorchScript or a network of torch's) to job.out (see graph_file.py).

    job.options: channels and classes of the program, tile (k, j, i) that it is given.
    """
    import numpy as np
    import torch

    from medseg_app.engines.graph_file import pack_graph
    from medseg_app.engines.openvino_backend import compile_graph

    shape = (1, job.options["channels"], *job.options["tile"])
    chance = torch.Generator().manual_seed(1)
    example = torch.randn(shape, generator=chance)
    _answer(program, example, job.options["classes"])
    graph = _graph(openvino, program, example)
    compiled = compile_graph(openvino, graph, "float32")
    # Compared on other voxels: what depends on their values was not seen when the graph was made.
    example = torch.randn(shape, generator=chance)
    expected = _answer(program, example, job.options["classes"])
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


def _graph(openvino: Any, program: Any, example: Any) -> Any:
    """The graph of the program for inputs of the shape of the example."""
    from openvino.frontend import FrontEndManager

    frontend = FrontEndManager().load_by_framework("pytorch")
    troubles = []
    for way in (_as_it_stands, _as_it_ran):
        try:
            decoder = way(program, example)
            graph = frontend.convert(frontend.load(decoder))  # the decoder must outlive the conversion
            graph.reshape({0: openvino.PartialShape(example.shape)})
            return graph
        except Exception as error:  # noqa: BLE001 - both ways fail in many ways where an operation is unknown
            troubles.append(str(error).strip().splitlines())
    unknown = [line for lines in troubles for line in lines if line.startswith("-- No conversion rule")]
    raise JobError(f"OpenVINO does not know all of its operations ({'; '.join(unknown) or 'no details'})")


def _as_it_stands(program: Any, example: Any) -> Any:
    """A list of operations: that of a program that was traced, or of a network that is traced now."""
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    return TorchScriptPythonDecoder(program, example_input=(example,))


def _as_it_ran(program: Any, example: Any) -> Any:
    """For programs that were scripted, with lists and loops: the operations of one run."""
    import torch
    from openvino.frontend.pytorch.fx_decoder import TorchFXPythonDecoder
    from torch.fx.experimental.proxy_tensor import make_fx

    with torch.no_grad():
        recorded = make_fx(program)(example)
        exported = torch.export.export(recorded, (example,)).run_decompositions()
    return TorchFXPythonDecoder.from_exported_program(exported)
