"""OUT files of commands: all of them verified and in place, or none under its name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg_app.core.case import Case
from medseg_app.core.errors import VerificationError, WrongUse
from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, silent
from medseg_app.core.volume import Volume
from medseg_app.io.export_options import ExportOptions, Written
from medseg_app.io.formats import check_output, export_labels, format_of

from .all_or_nothing import all_or_nothing, identity
from .case_output import case_of, write_case


@dataclass(frozen=True, eq=False)
class Contents:
    """What outputs are made of.

    document: makes the content of `.json` outputs from what was written. case: what the labels come
    from, None where they are new.
    """

    labels: LabelMap
    volume: Volume
    document: Callable[[list[Written]], dict[str, Any]]
    case: Case | None = None


def check_outputs(paths: Sequence[Path], *inputs: Path | None) -> None:
    """Refuse unknown suffixes, names given twice and names of inputs, before anything is read or run."""
    if not paths:
        raise WrongUse("No output is named.", "Name one with -o FILE.")
    for path in paths:
        format_of(path)
    if len({path.resolve() for path in paths}) < len(paths):
        raise WrongUse("An output is named twice.", "Give every output its own name.")
    taken = {identity(given) for given in inputs if given is not None} - {None}
    for path in paths:
        if identity(path) in taken:
            raise WrongUse(f"{path} is the input, which would be lost.", "Give the output another name.")


@contextmanager
def written_outputs(
    contents: Contents, paths: Sequence[Path], options: ExportOptions, progress: Progress = silent
) -> Iterator[list[Written]]:
    """Labels in all outputs, for a block that may still fail: then all of them are taken back."""
    for path in paths:
        check_output(path, contents.volume)
    written = {path: _json_written(path) for path in paths if _is_json(path)}
    with all_or_nothing(paths):
        for number, path in enumerate(sorted(paths, key=_is_json)):
            progress(number / len(paths), f"Write and verify {path.name}")
            written[path] = _write(contents, path, options, lambda: [written[path] for path in paths])
        for path in paths:
            # What an earlier run left under a name that this run has nothing for would pass for its result.
            if not written[path].written:
                path.unlink(missing_ok=True)
        yield [written[path] for path in paths]


def _json_written(path: Path) -> Written:
    """What becomes of a JSON document, which lists itself, and comes last."""
    return Written(path, True, True, reader="json")


def _is_json(path: Path) -> bool:
    return format_of(path).suffixes[0] == ".json"


def _write(
    contents: Contents, path: Path, options: ExportOptions, all_of_them: Callable[[], list[Written]]
) -> Written:
    labels, volume = contents.labels, contents.volume
    suffix = format_of(path).suffixes[0]
    if suffix == ".json":
        document = contents.document(all_of_them())
        write_json(path, _without_origin(document, contents) if options.deidentify else document)
        return _json_written(path)
    if suffix == ".medseg":
        write_case(path, contents.case or case_of(labels, volume), options.deidentify)
        return Written(path, True, True, reader="MedSeg")
    return export_labels(labels, volume, path, options)


def _without_origin(document: dict[str, Any], contents: Contents) -> dict[str, Any]:
    """A document that names neither the volume nor the folders of the house. Raises WrongUse as SEG does."""
    from medseg_app.io.case_origin import replaced_id
    from medseg_app.io.dicom.deidentify import deidentified

    deidentified(contents.labels, contents.volume)
    outputs = [row | {"path": Path(row["path"]).name} for row in document["outputs"]]
    return document | {"volume": replaced_id(document["volume"]), "outputs": outputs}


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document atomically. Raises VerificationError where it does not read back as it was."""
    from medseg_app.io.atomic import replacing

    text = (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()
    with replacing(path) as temporary:
        temporary.write_bytes(text)
        if temporary.read_bytes() != text:
            raise VerificationError(f"{path.name} did not read back as it was.", "Write to another disk.")
