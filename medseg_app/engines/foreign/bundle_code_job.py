"""Job of the contained child: the code of a MONAI bundle builds its network, which becomes a graph."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medseg_app.engines.model_folder import METADATA

from .bundle_code import BUNDLE, WEIGHTS
from .contained_child import Job, JobError
from .proven_graph import write_graph

if TYPE_CHECKING:
    from torch import nn


def work(job: Job) -> None:
    """Write the graph of the network that the bundle in job.source describes to job.out.

    options: "config" is its configuration file, "network" the key of the network in it; others as for
    `write_graph`.
    """
    import monai.bundle  # noqa: F401 - takes seconds, which are not the bundle's

    from medseg_app.engines.openvino_backend import load_openvino

    openvino = load_openvino()
    job.libraries_are_loaded()
    network = _built(job.source / BUNDLE, job.options["config"], job.options["network"])
    _fill(network, job.source / WEIGHTS)
    write_graph(job, openvino, network.eval())


def _built(bundle: Path, config: str, place: str) -> nn.Module:
    """What MONAI builds at a key of the configuration, and looks for code in the bundle too."""
    import torch
    from monai.bundle import ConfigParser

    sys.path.insert(1, str(bundle))
    os.chdir(bundle)
    parser = ConfigParser()
    parser.read_config(bundle / config)
    parser.read_meta(bundle / METADATA)
    parser["bundle_root"] = str(bundle)
    try:
        network: Any = parser.get_parsed_content(place)
    except Exception as error:
        raise JobError(f"{place} cannot be built ({_first_cause(error)})") from error
    if not isinstance(network, torch.nn.Module):
        raise JobError(f"{place} builds a {type(network).__name__}, not a network of torch's")
    return network


def _first_cause(error: BaseException) -> str:
    """What the code itself said: MONAI wraps it in errors of its own."""
    while error.__cause__ is not None:
        error = error.__cause__
    first_line = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {first_line}"


def _fill(network: nn.Module, weights: Path) -> None:
    from safetensors.torch import load_file

    from medseg_app.engines.weights import put_tensors

    try:
        misfits = put_tensors(network, load_file(weights))
    except RuntimeError as error:
        last_line = str(error).strip().rpartition("\n")[2].strip()
        raise JobError(f"its weights do not fit its network ({last_line})") from error
    if misfits:
        raise JobError(f"its weights do not fit its network ({', '.join(misfits[:3])})")
