"""A graph of OpenVINO's as one safetensors file: its description and its constants, both bytes."""

from __future__ import annotations

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from medseg_app.core.errors import ModelError

PARTS = ("description", "constants")


def pack_graph(description: bytes, constants: bytes) -> bytes:
    """The .xml and the .bin of OpenVINO as the bytes of a safetensors file."""
    parts = dict(zip(PARTS, (description, constants), strict=True))
    # A tensor of no bytes is refused by some readers, so a graph without constants keeps one zero.
    return save({name: np.frombuffer(data or b"\0", np.uint8) for name, data in parts.items()})


def unpack_graph(data: bytes) -> tuple[bytes, bytes]:
    """The .xml and the .bin. Raises ModelError where the file holds anything else."""
    try:
        parts = load(data)
    except (SafetensorError, ValueError) as error:
        raise ModelError(f"The weights are not a safetensors file ({error}).") from error
    if set(parts) != set(PARTS) or any(part.dtype != np.uint8 for part in parts.values()):
        raise ModelError("The weights hold no graph of OpenVINO's.", "Import the model again.")
    return parts["description"].tobytes(), parts["constants"].tobytes()
