"""What `save_pretrained` of transformers left in a folder: the description of a network, and its weights.

The description is read as data; transformers itself opens neither file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg_app.core.errors import ModelError
from medseg_app.engines.strict_json import parse_json, read_limited

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""The first that is there is read; the second is a pickle, which only a contained process opens."""


@dataclass(frozen=True)
class SavedTransformer:
    """Where the two files are."""

    config: Path
    weights: Path

    def description(self) -> dict[str, Any]:
        """The table in config.json. Raises ModelError where it is no plain JSON."""
        return parse_json(read_limited(self.config), self.config)


def find_saved_transformer(path: Path) -> SavedTransformer | None:
    """The network in a folder, or the one that a file of weights belongs to; None where there is none.

    Raises ModelError where the folder holds a description without weights.
    """
    folder = path if path.is_dir() else path.parent
    config = folder / CONFIG
    if not config.is_file():
        return None
    if path != folder:
        return SavedTransformer(config, path) if path.is_file() and path.name in WEIGHTS else None
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        raise ModelError(
            f"{folder} holds {CONFIG}, but no weights in one file ({' or '.join(WEIGHTS)}).",
            "Save the network again with save_pretrained, in one piece.",
        )
    return SavedTransformer(config, weights)
