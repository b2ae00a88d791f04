"""`medseg train`: trains a model from a recipe or a data set."""

from __future__ import annotations

from medseg_app.app.train import HowToTrain, remarks_of, train_model

from . import say
from .careful_stop import stopping_between_steps
from .parser import Arguments


def run(arguments: Arguments) -> int:
    """Train, and say where the model folder is."""
    from medseg_app.training.crew import Crew

    how = HowToTrain(
        arguments.name or "", arguments.task, arguments.base or "", arguments.max_minutes,
        arguments.device, arguments.output, arguments.resume, backbone=arguments.backbone,
        modality=arguments.modality, absent=arguments.absent,
    )  # fmt: skip
    hint = "What was learnt so far is kept: go on with --resume."
    with stopping_between_steps(say.progress_of(arguments), hint) as progress:
        folder = train_model(arguments.input, how, progress, lambda text: say.remarks(arguments, [text]))
    say.work_is_done()
    if not Crew.of_environment().leads:  # of several processes one tells the result
        return say.DONE
    say.remarks(arguments, remarks_of(folder))
    say.result(arguments, {"model": folder.name, "folder": str(folder)}, f"{folder}")
    return say.DONE
