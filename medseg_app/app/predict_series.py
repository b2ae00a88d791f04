"""Run a model on every volume of a folder that fits: `medseg predict --series all`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg_app.core.errors import Cancelled, InputError, MedsegError, WrongUse
from medseg_app.core.progress import Progress, part, silent

from .inputs import load_input
from .outputs import write_json
from .predict_files import HowToRun, predict_input

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class SeriesRun:
    """What became of one volume: done, skipped (was done before) or failed, with the reason."""

    id: str
    state: str
    files: dict[str, str]
    reason: str = ""
    left_out: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The entry of the manifest; files: SHA-256 by name."""
        return {
            "id": self.id,
            "state": self.state,
            "files": self.files,
            "reason": self.reason or None,
            "left_out": list(self.left_out),
        }


def predict_series(
    path: Path,
    model: str,
    folder: Path,
    formats: Sequence[str],
    how: HowToRun | None = None,
    progress: Progress = silent,
) -> list[SeriesRun]:
    """One set of files per volume that fits the model, and a manifest with hashes after each.

    Goes on after a failure. What the manifest lists with the same model and unchanged files is skipped.
    """
    from medseg_app.engines.registry import find_model
    from medseg_app.io.dicom.scan import scan_folder
    from medseg_app.io.formats import format_of

    how = how or HowToRun()
    if not formats:
        raise WrongUse("No format is named.", "Name them with --format seg.dcm,nii.gz.")
    for ending in formats:
        format_of(Path(f"x.{ending.lstrip('.')}"))
    model_folder = find_model(model, how.models)
    if not path.exists():
        raise InputError(f"{path} does not exist.", "Check the name.")
    fitting = [v for v in scan_folder(path).volumes if v.modality in model_folder.card.modality]
    if not fitting:
        raise WrongUse(f"{path} holds no series that {model} takes.", "See what it holds with: medseg info.")
    folder.mkdir(parents=True, exist_ok=True)
    done = _finished(folder, model_folder.card)
    runs: list[SeriesRun] = []
    for number, info in enumerate(fitting):
        share = part(progress, number / len(fitting), (number + 1) / len(fitting))
        runs.append(done.get(info.id) or _run(info, model_folder, folder, formats, how, share))
        _write_manifest(folder, model_folder.card, runs)
    return runs


def _run(
    info: Any, model: Any, folder: Path, formats: Sequence[str], how: HowToRun, progress: Progress
) -> SeriesRun:
    outputs = [folder / f"{_file_name(info.id)}.{ending.lstrip('.')}" for ending in formats]
    try:
        result = predict_input(load_input(info), model, outputs, how, progress)
    except Cancelled:
        raise
    except MedsegError as error:
        return SeriesRun(info.id, "failed", {}, str(error))
    files = {item.path.name: _sha256(item.path) for item in result.outputs if item.written}
    reasons = "; ".join(item.reason for item in result.outputs if item.reason)
    return SeriesRun(info.id, "done", files, reasons, result.left_out)


def _file_name(volume_id: str) -> str:
    """A file name from our own rules, never text from a file."""
    name = volume_id.replace("#", "_")
    if re.fullmatch(r"[0-9.]{1,64}(_[0-9]+)?", name):
        return name
    return hashlib.sha256(volume_id.encode()).hexdigest()[:24]


def _finished(folder: Path, card: Any) -> dict[str, SeriesRun]:
    """Runs of the manifest that need not be done again."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if manifest["model"] != _model_document(card):
            return {}
        kept = [entry for entry in manifest["volumes"] if entry["state"] != "failed"]
        return {
            entry["id"]: SeriesRun(
                entry["id"], "skipped", entry["files"], entry["reason"] or "", tuple(entry["left_out"])
            )
            for entry in kept
            if all(_sha256(folder / name) == digest for name, digest in entry["files"].items())
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write_manifest(folder: Path, card: Any, runs: list[SeriesRun]) -> None:
    document = {"model": _model_document(card), "volumes": [run.document() for run in runs]}
    write_json(folder / MANIFEST, document)


def _model_document(card: Any) -> dict[str, str]:
    return {"name": card.name, "version": card.version, "sha256": card.sha256}


def _sha256(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
