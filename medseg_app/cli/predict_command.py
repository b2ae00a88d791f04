"""`medseg predict`: runs a model and writes verified files."""

from __future__ import annotations

from medseg_app.app.predict_files import HowToRun, Prediction, predicted_files
from medseg_app.app.predict_series import SeriesRun, predict_series
from medseg_app.core.errors import WrongUse

from . import say
from .parser import Arguments
from .streams import aside


def run(arguments: Arguments) -> int:
    """Run a model on one volume, or on all that fit."""
    how = HowToRun(
        arguments.device, arguments.precision, arguments.min_score, arguments.modality, arguments.models,
        frozenset(arguments.within), lambda text: say.remarks(arguments, [text]),
    )  # fmt: skip
    if arguments.series == "all":
        return _all(arguments, how)
    if arguments.format:
        raise WrongUse("--format goes with --series all.", "Here the suffix of -o decides.")
    progress = say.progress_of(arguments)
    with predicted_files(
        arguments.input, arguments.model, arguments.outputs, arguments.series, how, progress
    ) as done:
        say.work_is_done()
        progress(1.0, "Done")
        say.remarks(arguments, done.remarks)
        if not done.labels.segments:
            aside("no findings")
        say.left_out(done.left_out)
        say.result(arguments, done.document(), _text(done))
    return say.LEFT_OUT if done.left_out else say.DONE


def _text(done: Prediction) -> str:
    lines = [say.outputs(done.outputs)]
    for row in done.document()["segments"]:
        score = "" if row["score"] is None else f"  score {row['score']:.2f}"
        size = "" if row["volume_ml"] is None else f"  {row['volume_ml']:.2f} ml"
        lines.append(f"{row['value']:>3}  {row['name']}{score}{size}")
    return "\n".join(lines)


def _all(arguments: Arguments, how: HowToRun) -> int:
    if not arguments.format:
        raise WrongUse("--series all needs --format.", "For example: --format seg.dcm,nii.gz.")
    if len(arguments.outputs) != 1:
        raise WrongUse("--series all writes into one folder.", "Give one -o FOLDER.")
    formats = [word for word in arguments.format.split(",") if word]
    progress = say.progress_of(arguments)
    runs = predict_series(arguments.input, arguments.model, arguments.outputs[0], formats, how, progress)
    say.work_is_done()
    progress(1.0, "Done")
    for run_ in runs:
        if run_.nothing_found:
            aside(f"no findings in {run_.id}")
    say.left_out(
        f"{r.id}: {reason}" for r in runs for reason in (r.left_out or ([r.reason] if _failed(r) else []))
    )
    text = "\n".join(f"{r.state:8} {r.id}  {' '.join(r.files)} {r.reason}".rstrip() for r in runs)
    say.result(arguments, {"volumes": [r.document() for r in runs]}, text)
    return say.LEFT_OUT if any(_failed(r) or r.left_out for r in runs) else say.DONE


def _failed(run_: SeriesRun) -> bool:
    return run_.state == "failed"
