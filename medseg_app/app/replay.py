"""Do the steps of a journal again from the start: audit, time sheet and proof that nothing is missing."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medseg_app.core.case import Case
from medseg_app.core.errors import InputError, SegmentsOverlap
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.journal import Record, count_records, read_journal
from medseg_app.core.segmentation import Segmentation
from medseg_app.core.volume import Volume
from medseg_app.io.export_options import ExportOptions

from .case_journal import replay
from .outputs import Contents, check_outputs, written_outputs
from .remedy import remedy


@contextmanager
def replayed_journal(path: Path, outputs: Sequence[Path] = ()) -> Iterator[dict[str, Any]]:
    """The steps of a journal and the SHA-256 of the labels that they lead to; writes these to outputs.

    The hash is None for a case that began with labels (of a model, or of another computer): these are in its
    file only. Where the block fails, the outputs are taken back. Raises InputError for a file that is no
    journal, that is damaged, whose steps do not fit each other, or whose labels are asked for but unknown.
    """
    if outputs:
        check_outputs(outputs)
    about, records = _read(path)
    if not _begins_empty(records):
        if outputs:
            raise InputError(
                f"{path.name} begins with labels that only the file of its case holds.",
                "Export the case instead: medseg export CASE. Without -o its steps are listed.",
            )
        yield _document(records, None)
        return
    try:
        geometry = VolumeGeometry.from_json(about["geometry"])
        segmentation = _replayed(geometry, records)
    except (KeyError, ValueError) as error:
        raise InputError(
            f"The steps of {path.name} cannot be done again ({error}).", "It may be damaged."
        ) from error
    document = _document(records, segmentation)
    labels = segmentation.to_label_map()
    volume = Volume(labels.layers[0], geometry, id=about["volume"])
    contents = Contents(labels, volume, lambda _: document)
    with (
        remedy(SegmentsOverlap, "Write .seg.nrrd, which holds both."),
        written_outputs(contents, outputs, ExportOptions()),
    ):
        yield document


def _read(path: Path) -> tuple[dict[str, Any], list[Record]]:
    if not path.is_file():
        raise InputError(f"{path} does not exist.", "Check the name.")
    try:
        about, records = read_journal(path)
        stored = count_records(path)
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path.name} is not a journal ({error}).", "Journals end with .journal.") from error
    if len(records) < stored:
        raise InputError(
            f"{path.name} is damaged: only {len(records)} of its {stored} steps are sound.",
            "Start the window, which offers to restore these.",
        )
    return about, records


def _begins_empty(records: Sequence[Record]) -> bool:
    return next((record.edit().parent == 0 for record in records if record.kind == "edit"), True)


def _replayed(geometry: VolumeGeometry, records: list[Record]) -> Segmentation:
    blank = Segmentation(geometry)
    case = Case(Volume(blank.labels(), geometry, id=""), blank)
    for number, record in enumerate(records, start=1):
        replay(case, [record])
        if record.kind != "checkpoint" and blank.revision != record.revision:
            raise ValueError(f"step {number} of {len(records)} does not fit")
    return blank


def _document(records: list[Record], segmentation: Segmentation | None) -> dict[str, Any]:
    return {
        "steps": [_step(record) for record in records],
        "active_seconds": sum(record.facts["active_seconds"] for record in records),
        "sha256": None if segmentation is None else _sha256(segmentation),
    }


def _sha256(segmentation: Segmentation) -> str:
    digest = hashlib.sha256()
    for group in range(segmentation.groups):
        digest.update(segmentation.labels(group).tobytes())
    return digest.hexdigest()


def _step(record: Record) -> dict[str, Any]:
    facts = record.facts
    return {
        "at": datetime.fromtimestamp(record.at, UTC).isoformat(timespec="seconds"),
        "kind": record.kind,
        "name": record.edit().name if record.kind == "edit" else None,
        "reader": facts["reader"],
        "tool": facts["tool"],
        "source": facts["source"],
        "active_seconds": facts["active_seconds"],
    }
