"""written_report: the files of a report, all of them in place or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from medseg_app.app.all_or_nothing import all_or_nothing
from medseg_app.app.evaluate_folders import FolderEvaluation
from medseg_app.core.errors import CouldNotBeDone, InputError, WrongUse
from medseg_app.core.progress import Progress, silent
from medseg_app.io.atomic import check_writable, replacing
from medseg_app.io.export_options import Written

from .page import page
from .pictures import pictures_of, worst_first
from .tables import cases_csv, classes_csv

PAGE, CASES, CLASSES = "report.html", "cases.csv", "classes.csv"


def check_report(folder: Path, images: Path | None) -> None:
    """Refuse a report that cannot be written, before any work: WrongUse, or InputError for the images."""
    if folder.is_dir():
        check_writable(folder / PAGE)
    elif folder.exists():
        raise WrongUse(f"{folder} is a file.", "Give a folder for the report.")
    else:
        check_writable(folder)
    if images is not None and not images.is_dir():
        raise InputError(f"{images} is not a folder.", "Give the folder that holds the images of the cases.")


@contextmanager
def written_report(
    evaluation: FolderEvaluation,
    document: dict[str, Any],
    folder: Path,
    images: Path | None = None,
    progress: Progress = silent,
) -> Iterator[tuple[list[Written], list[str]]]:
    """Write report.html, cases.csv and classes.csv; yields them, and what a user should know.

    document: that of the evaluation. images: folder with an image per case, shown below the outlines.
    Raises CouldNotBeDone where they cannot be written; then, and where the block fails, what stood there
    before stands there again.
    """
    order = worst_first(evaluation.cases)
    pictures, remarks = pictures_of(order, images, progress)
    contents = {
        CASES: cases_csv(document["cases"]),
        CLASSES: classes_csv(document["cases"]),
        PAGE: page(
            document,
            [case.pair.name for case in order],
            pictures,
            _folders(evaluation),
            evaluation.unjudged,
        ),
    }
    paths = [folder / name for name in contents]
    with _made(folder), all_or_nothing(paths):
        for path, text in zip(paths, contents.values(), strict=True):
            with replacing(path) as temporary:
                temporary.write_text(text, "utf-8", newline="")
        yield [Written(path, True, False) for path in paths], remarks


def _folders(evaluation: FolderEvaluation) -> list[Path]:
    files = [file for case in evaluation.cases for file in (case.pair.prediction, case.pair.truth)]
    return list(dict.fromkeys(file.parent for file in files))


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """The folder is there; where it had to be made and the block fails, it is gone again."""
    try:
        is_new = not folder.is_dir()
        if is_new:
            folder.mkdir()
    except OSError as error:
        raise CouldNotBeDone(
            f"The folder {folder} cannot be made ({error.strerror}).", "Choose another place for the report."
        ) from error
    try:
        yield
    except BaseException:
        if is_new:
            folder.rmdir()
        raise
