"""OUT files of commands: all of them verified and in place, or none under its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from medseg_app.core.case import Case
from medseg_app.core.errors import WrongUse
from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, silent
from medseg_app.core.segmentation import Segmentation
from medseg_app.core.volume import Volume
from medseg_app.io.export_options import ExportOptions, Written
from medseg_app.io.formats import check_output, export_labels, format_of

Document = Callable[[list[Written]], dict[str, Any]]


def check_outputs(paths: Sequence[Path]) -> None:
    """Refuse unknown suffixes and names given twice, before anything is read or run."""
    if not paths:
        raise WrongUse("No output is named.", "Name one with -o FILE.")
    for path in paths:
        format_of(path)
    if len({path.resolve() for path in paths}) < len(paths):
        raise WrongUse("An output is named twice.", "Give every output its own name.")


def write_outputs(
    labels: LabelMap,
    volume: Volume,
    paths: Sequence[Path],
    options: ExportOptions,
    document: Document,
    progress: Progress = silent,
) -> list[Written]:
    """Write labels to all outputs. If one cannot be written, those written before it are removed.

    document: makes the content of `.json` outputs from what was written.
    """
    for path in paths:
        check_output(path, volume)
    written: list[Written] = []
    with _all_or_nothing(written):
        for number, path in enumerate(_json_last(paths)):
            progress(number / len(paths), f"Write and verify {path.name}")
            written.append(_write(labels, volume, path, options, lambda: document(written)))
    return sorted(written, key=lambda item: list(paths).index(item.path))


def _write(
    labels: LabelMap,
    volume: Volume,
    path: Path,
    options: ExportOptions,
    document: Callable[[], dict[str, Any]],
) -> Written:
    suffix = format_of(path).suffixes[0]
    if suffix == ".json":
        write_json(path, document())
        return Written(path, True, True, reader="json")
    if suffix == ".medseg":
        from medseg_app.io.case_file import write_case_file

        write_case_file(path, case_of(labels, volume))
        return Written(path, True, True, reader="MedSeg")
    return export_labels(labels, volume, path, options)


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document atomically."""
    from medseg_app.io.atomic import replacing

    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", "utf-8")


def case_of(labels: LabelMap, volume: Volume) -> Case:
    """A case with finished labels, nothing of which a reader has decided yet."""
    groups = [(layer, np.zeros(layer.shape, np.uint8)) for layer in labels.layers]
    rows = [replace(segment, id=number) for number, segment in enumerate(labels.segments, start=1)]
    return Case(volume, Segmentation.restored(labels.geometry, rows, groups, revision=1), saved_revision=1)


def _json_last(paths: Sequence[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: format_of(path).suffixes[0] == ".json")


@contextmanager
def _all_or_nothing(written: list[Written]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for item in written:
            item.path.unlink(missing_ok=True)
        raise
