"""`medseg evaluate`: compares a prediction with the truth, or two folders case by case."""

from __future__ import annotations

from typing import Any

from medseg_app.app.evaluate import HowToEvaluate, evaluation

from . import say
from .evaluation_text import of_files, of_folders
from .parser import Arguments


def run(arguments: Arguments) -> int:
    """Print figures per class and per finding; of folders means with intervals, and write the report."""
    how = HowToEvaluate(
        unknown=arguments.unknown,
        tolerance_mm=arguments.tolerance,
        hit_iou=arguments.hit_iou,
        findings=arguments.findings,
        unknown_by_case=arguments.unknown_by_case,
        report=arguments.report,
        images=arguments.images,
    )
    progress = say.progress_of(arguments)
    with evaluation(arguments.prediction, arguments.truth, how, progress) as done:
        if "cases" in done.document:
            progress(1.0, "Done")
        say.work_is_done()
        say.remarks(arguments, done.remarks)
        say.left_out(done.left_out)
        say.result(arguments, done.document, _text(done.document, done.outputs))
    return say.LEFT_OUT if done.left_out else say.DONE


def _text(document: dict[str, Any], outputs: Any) -> str:
    text = of_folders(document) if "cases" in document else of_files(document)
    return "\n".join([text, *(str(output.path) for output in outputs)])
