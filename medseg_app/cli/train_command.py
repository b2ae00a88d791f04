"""`medseg train`: trains a model from a recipe or a data set."""

from __future__ import annotations

from medseg_app.app.train import HowToTrain, train_model

from . import say
from .parser import Arguments


def run(arguments: Arguments) -> int:
    """Train, and say where the model folder is."""
    how = HowToTrain(
        arguments.name or "", arguments.task, arguments.base or "", arguments.max_minutes,
        arguments.device, arguments.output, arguments.resume,
    )  # fmt: skip
    folder = train_model(arguments.input, how, say.progress_of(arguments))
    say.result(arguments, {"model": folder.name, "folder": str(folder)}, f"{folder}")
    return say.DONE
