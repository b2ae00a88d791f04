"""Export segments to verified files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medseg_app.app.all_or_nothing import all_or_nothing
from medseg_app.app.command import Job, command
from medseg_app.app.session import Session
from medseg_app.core.progress import Progress


@command("Export", menu="File", shortcut="Ctrl+E")
def export(
    session: Session,
    *,
    paths: Sequence[Path],
    segment_ids: Sequence[int] | None = None,
    deidentify: bool = False,
    overlap: Any = None,
) -> Job[list[Any], list[Any]]:
    """Write segments to files, to all or to none; another reader checks each.

    Without `segment_ids` all segments are written.
    """
    from medseg_app.io.export_options import ExportOptions
    from medseg_app.io.formats import check_output, export_labels

    case = session.open()
    for path in paths:
        check_output(path, case.volume)
    labels = case.segmentation.snapshot().to_label_map(segment_ids)
    options = ExportOptions(deidentify=deidentify, overlap=overlap)

    def work(progress: Progress) -> list[Any]:
        written = []
        with all_or_nothing(paths):
            for number, path in enumerate(paths):
                progress(number / len(paths), f"Write and verify {path.name}")
                written.append(export_labels(labels, case.volume, path, options))
        return written

    return Job("Export", work, lambda written: written, is_awaited=True)
