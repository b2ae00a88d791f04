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
from medseg_app.core.journal import Record, read_journal
from medseg_app.core.segmentation import Segmentation
from medseg_app.core.volume import Volume
from medseg_app.io.export_options import ExportOptions

from .case_journal import replay
from .outputs import Contents, check_outputs, written_outputs
from .remedy import remedy


@contextmanager
def replayed_journal(path: Path, outputs: Sequence[Path] = ()) -> Iterator[dict[str, Any]]:
    """The steps of a journal and the SHA-256 of the labels that they lead to; writes these to outputs.

    Where the block fails, the outputs are taken back. Raises InputError for a file that is no journal, or
    whose steps do not fit each other.
    """
    if outputs:
        check_outputs(outputs)
    about, records = _read(path)
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
        return read_journal(path)
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path.name} is not a journal ({error}).", "Journals end with .journal.") from error


def _replayed(geometry: VolumeGeometry, records: list[Record]) -> Segmentation:
    blank = Segmentation(geometry)
    case = Case(Volume(blank.labels(), geometry, id=""), blank)
    replay(case, records)
    return blank


def _document(records: list[Record], segmentation: Segmentation) -> dict[str, Any]:
    digest = hashlib.sha256()
    for group in range(segmentation.groups):
        digest.update(segmentation.labels(group).tobytes())
    return {
        "steps": [_step(record) for record in records],
        "active_seconds": sum(record.facts["active_seconds"] for record in records),
        "sha256": digest.hexdigest(),
    }


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
