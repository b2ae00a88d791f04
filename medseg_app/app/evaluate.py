"""What `medseg evaluate` and `ms.evaluate` do: two label files, or two folders of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medseg_app.core.errors import InputError, WrongUse
from medseg_app.core.progress import Progress, part, silent
from medseg_app.metrics.class_masks import Rule
from medseg_app.metrics.evaluate_files import Comparison, Yardstick
from medseg_app.metrics.instances import HIT_IOU
from medseg_app.metrics.overlap import NSD_TOLERANCE_MM

from .case_classes import told_as_implied, told_as_unknown
from .evaluate_folders import evaluate_folders
from .label_pair import read_pair
from .unknown_by_case import read_unknown

if TYPE_CHECKING:
    from medseg_app.io.export_options import Written


@dataclass(frozen=True)
class HowToEvaluate:
    """Choices for an evaluation.

    unknown: classes that nobody annotated in any case. tolerance_mm: of NSD. hit_iou: from which on a
    finding is hit. findings: the labels are findings of one class, whose numbers are ranks; that they are
    ranks is in folders also seen where the files tell it. For folders only: unknown_by_case, a JSON file
    of the classes that nobody annotated in a case; report, the folder for a page and tables; images, the
    folder with an image per case.
    """

    unknown: tuple[int, ...] = ()
    tolerance_mm: float = NSD_TOLERANCE_MM
    hit_iou: float = HIT_IOU
    findings: bool = False
    unknown_by_case: Path | None = None
    report: Path | None = None
    images: Path | None = None

    def yardstick(self, otherwise: Rule) -> Yardstick:
        """By what is judged; `otherwise`: what are findings where `findings` does not say that all are."""
        return Yardstick(self.tolerance_mm, self.hit_iou, "one" if self.findings else otherwise)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What came of it. left_out, remarks: sentences for the user. outputs: the files of the report."""

    document: dict[str, Any]
    left_out: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    outputs: tuple[Written, ...] = ()


def evaluate(
    prediction: Path, truth: Path, how: HowToEvaluate | None = None, progress: Progress = silent
) -> Evaluation:
    """Compare two files, or the cases of two folders; undefined figures are None.

    Classes match by value, in DICOM SEG (whose numbers only count) and between two cases by name; what
    the case of the truth has no segment of is left out as unknown, with a remark. Raises WrongUse where a
    file meets a folder, a choice for folders comes with files or a tolerance or IoU is impossible, InputError
    and GeometryError where files cannot be compared.
    """
    with evaluation(prediction, truth, how, progress) as done:
        return done


@contextmanager
def evaluation(
    prediction: Path, truth: Path, how: HowToEvaluate | None = None, progress: Progress = silent
) -> Iterator[Evaluation]:
    """What evaluate does, for a block that may still fail: then the report is taken back."""
    how = how or HowToEvaluate()
    _require_yardstick(how)
    if prediction.is_dir() and truth.is_dir():
        with _of_folders(prediction, truth, how, progress) as done:
            yield done
    else:
        _require_files(prediction, truth, how)
        pair = read_pair(prediction, truth, how.unknown, how.yardstick("apart")).by_value()
        compared = pair.compare()
        left_out, implied = told_as_unknown([pair.not_looked_for]), told_as_implied([pair.implied])
        remarks = (*left_out, *implied, *_of_other_classes([compared]))
        yield Evaluation(compared.to_json(), remarks=remarks)


@contextmanager
def _of_folders(
    predictions: Path, truths: Path, how: HowToEvaluate, progress: Progress
) -> Iterator[Evaluation]:
    from .report.write import check_report, written_report

    if how.images is not None and how.report is None:
        raise WrongUse("Images are shown in a report only.", "Name its folder with --report.")
    if how.report is not None:
        check_report(how.report, how.images)
    unknown = read_unknown(how.unknown, how.unknown_by_case)
    done = evaluate_folders(predictions, truths, unknown, how.yardstick("known"), part(progress, 0.0, 0.8))
    left_out = tuple(str(one) for one in done.left_out)
    document = done.document()
    seen = (
        *done.remarks,
        *done.unjudged,
        *done.implied,
        *_of_other_classes([case.comparison for case in done.cases]),
    )
    if how.report is None:
        yield Evaluation(document, left_out, seen)
        return
    with written_report(done, document, how.report, how.images, part(progress, 0.8, 1.0)) as (files, more):
        yield Evaluation(document, left_out, (*seen, *more), tuple(files))


def _of_other_classes(compared: Sequence[Comparison]) -> tuple[str, ...]:
    """A word to those whose numbers or names may be no classes."""
    crossed = sum(one.findings.hits_of_other_classes(one.yardstick.hit_iou) for one in compared)
    if not crossed:
        return ()
    text = "1 finding lies" if crossed == 1 else f"{crossed} findings lie"
    return (f"{text} where the truth holds another class; if these are no classes, add --findings",)


def _require_yardstick(how: HowToEvaluate) -> None:
    if not 0.0 <= how.tolerance_mm < math.inf:
        raise WrongUse(
            f"Surfaces cannot be compared with a tolerance of {how.tolerance_mm} mm.",
            "Give a number of mm, 0 or more.",
        )
    if not 0.0 < how.hit_iou <= 1.0:
        raise WrongUse(
            f"No finding can be hit from an IoU of {how.hit_iou} on.", "Give one above 0 and at most 1."
        )


def _require_files(prediction: Path, truth: Path, how: HowToEvaluate) -> None:
    for folder, other in ((prediction, truth), (truth, prediction)):
        if folder.is_dir() and other.exists():
            raise WrongUse(
                f"{folder} is a folder and {other} is none.", "Give two files, or two folders of files."
            )
        if not other.exists():
            raise InputError(f"{other} does not exist.", "Check the name.")
    for choice in ("unknown_by_case", "report", "images"):
        if getattr(how, choice) is not None:
            word = choice.replace("_", "-")
            raise WrongUse(f"--{word} goes with two folders.", "Give folders, or leave it out.")
