"""Job of the contained child: a TorchScript program is run once and becomes a graph of OpenVINO's."""

from __future__ import annotations

from .contained_child import Job
from .proven_graph import write_graph


def work(job: Job) -> None:
    """Write the graph of the program job.source to job.out; options as for `write_graph`."""
    import torch

    from medseg_app.engines.openvino_backend import load_openvino

    openvino = load_openvino()
    job.libraries_are_loaded()
    write_graph(job, openvino, torch.jit.load(str(job.source), map_location="cpu").eval())
