"""TorchScript: a program, so it is run only where the user trusts it, once, and in a child without rights."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

from medseg_app.core.errors import ModelError
from medseg_app.engines.model_card import ModelCard

from .consent import require_consent
from .program_graph import graph_of_program
from .sandbox import MAX_FILE


def require_trust(path: Path, consent: bool) -> None:
    """Raises ConsentNeeded, which says what is and what is not contained, where the user did not agree."""
    require_consent(f"{path} is TorchScript, a program, and is not opened unless you trust it.", consent)


def graph_of(path: Path, card: ModelCard, consent: bool) -> tuple[ModelCard, bytes]:
    """The card and the weights of a model made of a TorchScript program; its card names tiles and classes.

    Raises ModelError without consent, where this computer cannot keep the program from the user's
    files, and where the program is not what its card says.
    """
    require_trust(path, consent)
    if card.grid.tile is None:
        raise ModelError(f"The card of {path} does not say the size of its tiles.", "State grid.tile.")
    if path.stat().st_size > MAX_FILE:
        raise ModelError(f"{path} is larger than a model may be (4 GB).", "Use a smaller model.")
    return graph_of_program("torchscript", path, partial(shutil.copyfile, path), card, {})
