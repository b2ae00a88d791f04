"""The model nninteractive as a card; asked by models_of_packages, so nothing heavy is imported.

The network runs here, or on the server that MEDSEG_NNINTERACTIVE_SERVER names: then images of the patient
are sent there, and only the client of the package is needed.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from medseg_app.core.errors import ModelError
from medseg_app.engines.model_card import LabelClass, ModelCard, Network
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.package_models import NotInstalled

SERVER_VARIABLE = "MEDSEG_NNINTERACTIVE_SERVER"
LOCAL, CLIENT = "nnInteractive.inference.inference_session", "nnInteractive.inference.remote.remote_session"
CHECKPOINT = "checkpoint_final.pth"
NOT_COMMERCIAL = "CC BY-NC-SA 4.0 (weights: not for commercial use); Apache-2.0 (program)"
DOWNLOAD = "Fetch them once (several hundred MB; not for commercial use) with: nninteractive-download-model"


def nninteractive_models() -> list[ModelFolder]:
    """The one model, with or without its weights on this computer."""
    if not _is_installed(CLIENT if server() else LOCAL):
        raise NotInstalled(
            "nnInteractive is not installed.",
            'Install it with: pip install "medseg[nninteractive]". It needs an NVIDIA card with about 10 GB.',
        )
    return [ModelFolder(models_folder(), _card(), {}, package="nnInteractive")]


def server() -> str:
    """The address of the server that is to compute; empty for this computer."""
    return os.environ.get(SERVER_VARIABLE, "").strip()


def models_folder() -> Path:
    """Where nnInteractive keeps its models, by the variable that it obeys itself."""
    stated = os.environ.get("NNINTERACTIVE_MODEL_DIR")
    return (Path(stated).expanduser() if stated else Path.home() / ".nninteractive") / "models"


def checkpoint() -> Path | None:
    """The weight file of the newest model by its name; None where there is none."""
    found = sorted(models_folder().glob(f"*/fold_*/{CHECKPOINT}"))
    return found[-1] if found else None


def require_checkpoint() -> Path:
    """The weight file. Raises ModelError, with the command to run, where there is none."""
    path = checkpoint()
    if path is None:
        raise ModelError(f"The weights of nnInteractive are not in {models_folder()}.", DOWNLOAD)
    return path


def _card() -> ModelCard:
    path = None if server() else checkpoint()
    what = "One object of any kind by points, boxes and scribbles (the tool Prompt)."
    return ModelCard(
        name="nninteractive",
        version=_version(),
        engine="nninteractive",
        task="interactive",
        modality=("CT", "MR", "PT"),
        licence=NOT_COMMERCIAL,
        labels={1: LabelClass("Object", (86, 180, 233))},
        network=Network("nninteractive", {}),
        summary=what if path or server() else f"Its weights are missing. {DOWNLOAD}",
        data="See nnInteractive (arXiv 2503.08373).",
        size=path.stat().st_size if path else 0,
    )


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _version() -> str:
    for package in ("nnInteractive", "nninteractive-client"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "of an unknown version"
