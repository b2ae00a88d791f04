"""The Python door: `import medseg_app as ms`. Paths may be text; results are core types or documents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from medseg_app.core.label_map import LabelMap
from medseg_app.core.progress import Progress, silent
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume

from .export_files import Exported
from .export_files import export_files as _export_files
from .import_model import ImportedModel
from .import_model import import_model as _import_model
from .info import inspect
from .inputs import open_input
from .models import list_models
from .predict_files import HowToRun, Prediction
from .predict_files import predict_files as _predict_files
from .session import Session

__all__ = [
    "Session",
    "evaluate",
    "export",
    "export_files",
    "import_model",
    "info",
    "load",
    "measure",
    "measure_closeness",
    "models",
    "predict",
    "predict_files",
    "to_label_map",
    "train",
]

AnyPath = str | PathLike[str]


def info(path: AnyPath) -> dict[str, Any]:
    """Every volume of a folder, file or case with its geometry passport, and every file left out."""
    return inspect(Path(path))


def load(path: AnyPath, series: str | None = None, progress: Progress = silent) -> Volume:
    """One volume: voxels of shape (k, j, i) with their geometry in patient mm (LPS).

    series: id of the volume as `info` gives it; needed where the path holds several.
    """
    return open_input(Path(path), series, (), progress).volume


def models(extra: AnyPath | None = None) -> list[dict[str, Any]]:
    """The models found and what their cards say; `extra` is searched first."""
    return list_models(Path(extra) if extra else None).models


def import_model(path: AnyPath, *, name: str = "", consent: bool = False) -> ImportedModel:
    """What `medseg models --import` does: a MONAI bundle, nnU-Net results, ONNX or TorchScript.

    consent: a program (TorchScript, code of a bundle) may be run once, contained; without it it is refused.
    """
    return _import_model(Path(path), name=name, consent=consent)


def predict(
    volume: Volume,
    model: str,
    *,
    device: str = "auto",
    within: Collection[tuple[str, str]] = (),
    progress: Progress = silent,
    **how: Any,
) -> Proposal:
    """What a model proposes for a volume, on the volume's own grid.

    model: a name, or A+B for the classes of one model and the findings of another, merged, or for models
    that find the same and vote. within: pairs (name of a finding, name of a class) that may hold the same
    voxels, as in [("Lesion", "Liver")]. `how` holds fields of Request (precision, min_score, ...).
    Raises WrongUse for names that the models do not have, InputError for images that show nothing.
    """
    from medseg_app.engines.combined_model import check_within
    from medseg_app.engines.contract import Request
    from medseg_app.engines.modality import require_contrast
    from medseg_app.engines.predict import build_engine, run_engine
    from medseg_app.engines.registry import find_model

    folder = find_model(model)
    check_within(folder.card, within)
    require_contrast(volume)
    request = Request(within=frozenset((finding, name) for finding, name in within), **how)
    return run_engine(build_engine(folder), volume, request, device, progress)


def to_label_map(proposal: Proposal, volume: Volume) -> LabelMap:
    """All segments of a proposal as labels on the volume's grid, with the values that files get."""
    from medseg_app.engines.to_label_map import to_label_map as convert

    return convert(proposal, volume)


def export(
    labels: LabelMap, volume: Volume, path: AnyPath, *, deidentify: bool = False, overlap: Any = None
) -> Any:
    """Write labels to a file, verified by another reader; the suffix decides the format."""
    from medseg_app.io.export_options import ExportOptions
    from medseg_app.io.formats import export_labels

    return export_labels(labels, volume, Path(path), ExportOptions(deidentify=deidentify, overlap=overlap))


def predict_files(
    path: AnyPath, model: str, outputs: Sequence[AnyPath], *, series: str | None = None, **how: Any
) -> Prediction:
    """What `medseg predict` does; `how` holds fields of HowToRun (device, precision, min_score, ...)."""
    return _predict_files(Path(path), model, _paths(outputs), series, HowToRun(**_with_paths(how, "models")))


def export_files(
    labels_or_case: AnyPath,
    outputs: Sequence[AnyPath],
    *,
    source: AnyPath | None = None,
    series: str | None = None,
    **options: Any,
) -> Exported:
    """What `medseg export` does; `options` holds fields of ExportOptions (deidentify, overlap).

    series: id of the volume of the source, as `info` gives it; needed where several fit.
    """
    from medseg_app.io.export_options import ExportOptions

    where = Path(source) if source else None
    return _export_files(Path(labels_or_case), _paths(outputs), where, series, ExportOptions(**options))


def evaluate(
    prediction: AnyPath, truth: AnyPath, *, unknown: Iterable[int] = (), **how: Any
) -> dict[str, Any]:
    """What `medseg evaluate --json` prints of two files or two folders: figures per class and per finding.

    `how` holds fields of HowToEvaluate (tolerance_mm, hit_iou, findings; for folders unknown_by_case, report,
    images).
    """
    from .evaluate import HowToEvaluate
    from .evaluate import evaluate as run

    chosen = _with_paths(how, "unknown_by_case", "report", "images")
    return run(Path(prediction), Path(truth), HowToEvaluate(unknown=tuple(unknown), **chosen)).document


def train(recipe_or_dataset: AnyPath, **how: Any) -> Path:
    """What `medseg train` does; returns the model folder. `how` holds fields of HowToTrain."""
    from .train import HowToTrain, train_model

    return train_model(Path(recipe_or_dataset), HowToTrain(**_with_paths(how, "output")))


def measure(
    recipe_or_dataset: AnyPath, model: str = "", *, device: str = "auto", keep: bool = False, **about: Any
) -> dict[str, Any]:
    """What `medseg measure --json` prints: figures measured now beside those of the model's card.

    `about` holds fields of AboutData (modality, absent), as the training was told them.
    """
    from .measure import measure as measured
    from .recipes import AboutData

    return measured(Path(recipe_or_dataset), model, device, keep, about=AboutData(**about))


def measure_closeness(
    recipe_or_dataset: AnyPath, model: str = "", *, device: str = "auto", keep: bool = False, **about: Any
) -> dict[str, Any]:
    """What `medseg measure --backends --json` prints: how close "exact" and "fast" come to torch."""
    from .measure import measure_closeness as measured
    from .recipes import AboutData

    return measured(Path(recipe_or_dataset), model, device, keep, about=AboutData(**about))


def _paths(paths: Sequence[AnyPath]) -> list[Path]:
    return [Path(path) for path in paths]


def _with_paths(how: dict[str, Any], *names: str) -> dict[str, Any]:
    """The choices with those that are paths as such."""
    return {**how, **{name: Path(how[name]) for name in names if how.get(name)}}
