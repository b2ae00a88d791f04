"""Run a model on every volume of a folder that fits: `medseg predict --series all`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from medseg_app.core.errors import Cancelled, CouldNotBeDone, InputError, MedsegError, WrongUse
from medseg_app.core.progress import Progress, part, silent
from medseg_app.io.images import is_image_file

from .inputs import Input, load_input, open_input
from .outputs import write_json
from .predict_files import HowToRun, Prediction, predicted_input

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class SeriesRun:
    """What became of one volume: done, skipped (was done before) or failed, with the reason.

    source: hash that changes where slices of the volume are added, mended or taken away.
    """

    id: str
    state: str
    files: dict[str, str]
    source: str = ""
    reason: str = ""
    left_out: tuple[str, ...] = ()
    nothing_found: bool = False

    def document(self) -> dict[str, Any]:
        """The entry of the manifest; files: SHA-256 by name."""
        return {
            "id": self.id,
            "state": self.state,
            "files": self.files,
            "source": self.source,
            "reason": self.reason or None,
            "left_out": list(self.left_out),
        }


@dataclass(frozen=True)
class _Choice:
    """One volume of the input: its id, a hash of its files, and how to load it."""

    id: str
    source: str
    load: Callable[[], Input]


@dataclass(frozen=True)
class _Batch:
    """What all volumes have in common."""

    model: Any
    folder: Path
    formats: tuple[str, ...]
    how: HowToRun

    def document(self) -> dict[str, Any]:
        """The head of the manifest: runs under another one are not taken for done."""
        card, how = self.model.card, self.how
        return {
            "model": {"name": card.name, "version": card.version, "sha256": card.sha256},
            "formats": list(self.formats),
            "device": how.device,
            "precision": how.precision,
            "min_score": how.min_score,
            "modality": how.modality or None,
            "within": sorted(map(list, how.within)),
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

    Goes on after a failure. What the manifest lists with the same model, choices and slices, and with
    unchanged files, is skipped. Raises WrongUse and InputError before any model runs.
    """
    from medseg_app.engines.combined_model import check_within
    from medseg_app.engines.registry import find_model

    how = how or HowToRun()
    endings = _endings(formats)
    model_folder = find_model(model, how.models)
    check_within(model_folder.card, how.within)
    if not path.exists():
        raise InputError(f"{path} does not exist.", "Check the name.")
    _require_dicom_for(endings, path)
    fitting = _fitting(path, model_folder)
    if not fitting:
        raise WrongUse(
            f"{path} holds no DICOM series that {model} takes.",
            "See what it holds with: medseg info. Give image files such as NIfTI one by one.",
        )
    _make_folder(folder)
    batch = _Batch(model_folder, folder, endings, how)
    done = _finished(batch)
    runs: list[SeriesRun] = []
    for number, choice in enumerate(fitting):
        share = part(progress, number / len(fitting), (number + 1) / len(fitting))
        before = done.get(choice.id)
        same = before is not None and before.source == choice.source
        runs.append(before if before is not None and same else _run(choice, batch, share))
        write_json(folder / MANIFEST, batch.document() | {"volumes": [run.document() for run in runs]})
    return runs


def _endings(formats: Sequence[str]) -> tuple[str, ...]:
    """Suffixes in small letters without the first dot, each once. Raises WrongUse for unknown ones."""
    from medseg_app.io.formats import format_of

    endings = tuple(dict.fromkeys(ending.strip().lstrip(".").lower() for ending in formats))
    if not endings:
        raise WrongUse("No format is named.", "Name them with --format seg.dcm,nii.gz.")
    for ending in endings:
        format_of(Path(f"x.{ending}"))
    return endings


def _require_dicom_for(endings: tuple[str, ...], path: Path) -> None:
    """DICOM output from a file that is no DICOM is refused here, not found out volume by volume."""
    from medseg_app.io.case_file import read_case_file
    from medseg_app.io.formats import format_of

    wanted = [ending for ending in endings if format_of(Path(f"x.{ending}")).needs_dicom]
    is_case = path.suffix.lower() == ".medseg"
    if wanted and (is_image_file(path) or (is_case and read_case_file(path).source_kind != "dicom")):
        raise WrongUse(
            f"{wanted[0]} needs a DICOM series, and {path.name} is none.",
            "Choose other formats with --format.",
        )


def _fitting(path: Path, model: Any) -> list[_Choice]:
    """The volumes that are of the model's kind; a file that is no DICOM holds one, judged later."""
    from medseg_app.engines.suitable_grid import looks_at_volumes
    from medseg_app.io.dicom.scan import scan_folder, without_scouts

    if is_image_file(path) or path.suffix.lower() == ".medseg":
        return [_Choice(path.name, _sha256(path), lambda: open_input(path))]
    fitting = [info for info in scan_folder(path).volumes if info.modality in model.card.modality]
    fitting = without_scouts(fitting) if looks_at_volumes(model) else fitting
    return [_Choice(info.id, _source_of(info), partial(load_input, info)) for info in fitting]


def _source_of(info: Any) -> str:
    """Hash of the slices of a volume (image, frame, size of the file) and of what it had to do without."""
    sizes = {file: file.stat().st_size for file in info.files}
    slices = [(frame.sop_instance_uid, frame.number, sizes[frame.path]) for frame in info.frames]
    lost = [(item.path.name, item.reason) for item in info.left_out]
    return hashlib.sha256(json.dumps([slices, lost]).encode()).hexdigest()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise WrongUse(f"{folder} is no folder.", "Give -o the name of a folder.") from None
    except OSError as error:
        raise CouldNotBeDone(
            f"The folder {folder} cannot be made ({error.strerror}).", "Choose another place."
        ) from error


def _run(choice: _Choice, batch: _Batch, progress: Progress) -> SeriesRun:
    outputs = [batch.folder / f"{_file_name(choice.id)}.{ending}" for ending in batch.formats]
    try:
        with predicted_input(choice.load(), batch.model, outputs, batch.how, progress) as result:
            return _done(choice, result)
    except Cancelled:
        raise
    except MedsegError as error:
        return SeriesRun(choice.id, "failed", {}, choice.source, str(error))
    except Exception as error:  # noqa: BLE001  a bug met in one volume must not cost the others
        reason = f"MedSeg itself failed ({type(error).__name__}: {error}). Run it alone with --debug."
        return SeriesRun(choice.id, "failed", {}, choice.source, reason)


def _done(choice: _Choice, result: Prediction) -> SeriesRun:
    files = {item.path.name: _sha256(item.path) for item in result.outputs if item.written}
    reasons = "; ".join(item.reason for item in result.outputs if item.reason)
    nothing = not result.labels.segments
    return SeriesRun(choice.id, "done", files, choice.source, reasons, result.left_out, nothing)


def _file_name(volume_id: str) -> str:
    """A file name from our own rules, never text from a file."""
    name = volume_id.replace("#", "_")
    if re.fullmatch(r"[0-9.]{1,64}(_[0-9]+)?", name):
        return name
    return hashlib.sha256(volume_id.encode()).hexdigest()[:24]


def _finished(batch: _Batch) -> dict[str, SeriesRun]:
    """Runs of the manifest that need not be done again."""
    try:
        manifest = json.loads((batch.folder / MANIFEST).read_text("utf-8"))
        if {key: value for key, value in manifest.items() if key != "volumes"} != batch.document():
            return {}
        return {
            entry["id"]: SeriesRun(
                entry["id"], "skipped", entry["files"], entry["source"], entry["reason"] or "",
                tuple(entry["left_out"]),
            )
            for entry in manifest["volumes"]
            if entry["state"] != "failed"
            and all(_sha256(batch.folder / name) == digest for name, digest in entry["files"].items())
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _sha256(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
