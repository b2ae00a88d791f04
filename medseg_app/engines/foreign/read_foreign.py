"""What a stranger's model is, and the draft that is made of it."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from medseg_app.core.errors import InputError, ModelError
from medseg_app.engines.model_folder import CARD, LICENCE, METADATA, README, read_model_folder
from medseg_app.engines.model_folder_writer import Origin, Papers
from medseg_app.engines.onnx_scan import MAX_BYTES, scan_onnx
from medseg_app.engines.preprocess import Preprocessing
from medseg_app.engines.strict_json import is_special, parse_json, read_limited, read_strict_json

from .archive import unpack
from .card_beside import read_card_beside
from .checkpoint_file import kind_of
from .draft import NOT_STATED, Draft
from .known_name import known_as
from .monai_bundle import is_bundle, read_bundle
from .nnunet_results import is_nnunet, read_nnunet
from .program_graph import ENGINE
from .sandbox import run_contained
from .torchscript import graph_of, require_trust

KINDS = (
    "MedSeg reads: its own model folders, MONAI bundles (folder or ZIP), results of nnU-Net v2, .onnx with a "
    "card beside it, and TorchScript (.ts) that you trust."
)
ALONE = (
    "A checkpoint holds numbers without the network that they belong to. Import the bundle around it. "
    "A training of findings may begin with weights of torchvision's: medseg train DATASET --from FILE."
)


def read_foreign(path: Path, consent: bool = False) -> Draft:
    """The draft of the model in a folder, ZIP or file.

    consent: a program (TorchScript, code of a bundle) may be run once, contained (see consent.py).
    Raises InputError where there is nothing, ModelError with the reason why the model is not taken.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist.", "Check the name.")
    if is_special(path):
        raise ModelError(f"{path} is neither a file nor a folder.", KINDS)
    if path.is_dir():
        return _read_folder(path, consent)
    suffix = path.suffix.lower()
    if suffix == ".onnx":
        return _read_onnx(path)
    kind = kind_of(path)
    if kind == "torchscript":
        require_trust(path, consent)
        card, graph = graph_of(path, read_card_beside(path, ENGINE), consent)
        return Draft(card, graph, Papers(origin=Origin(NOT_STATED, "imported by MedSeg from TorchScript")))
    if kind == "checkpoint" or suffix in (".pt", ".pth", ".pkl", ".ckpt", ".safetensors"):
        raise ModelError(f"{path} is a checkpoint, not a model.", ALONE)
    if suffix == ".zip":
        return _read_zip(path, consent)
    raise ModelError(f"{path} is not a model that MedSeg knows.", KINDS)


def _read_folder(folder: Path, consent: bool) -> Draft:
    if _is_own(folder):
        return _read_own(folder)
    if is_bundle(folder):
        return read_bundle(folder, consent)
    if is_nnunet(folder):
        return read_nnunet(folder)
    raise ModelError(f"{folder} is not a model that MedSeg knows.", KINDS)


def _read_own(folder: Path) -> Draft:
    model = read_model_folder(folder)
    readme, licence = (
        read_limited(folder / name) if name in model.checksums else "" for name in (README, LICENCE)
    )
    about = read_strict_json(folder / METADATA)
    changes = about.get("changelog")
    how = changes.get(model.card.version) if isinstance(changes, dict) else None
    origin = Origin(str(about.get("authors", NOT_STATED)), str(how or "imported by MedSeg"))
    return Draft(model.card, model.weights(), Papers(readme, licence, origin), is_own=True)


def _is_known(folder: Path) -> bool:
    return is_bundle(folder) or is_nnunet(folder) or _is_own(folder)


def _is_own(folder: Path) -> bool:
    """Whether the card of a folder is one of MedSeg's, of whichever version."""
    with suppress(ModelError):
        return "schema_version" in parse_json(read_limited(folder / CARD), folder / CARD)
    return False


def _read_zip(path: Path, consent: bool) -> Draft:
    with tempfile.TemporaryDirectory(prefix="medseg-import-") as place:
        folder = Path(place) / path.stem
        folder.mkdir()
        unpack(path, folder)
        inner = [item for item in folder.iterdir() if item.name != "__MACOSX"]
        is_wrapped = len(inner) == 1 and inner[0].is_dir() and not _is_known(folder)
        with known_as(folder, path):
            return _read_folder(inner[0] if is_wrapped else folder, consent)


def _read_onnx(path: Path) -> Draft:
    card = replace(read_card_beside(path, "onnx"), weights="models/model.onnx")
    if path.stat().st_size > MAX_BYTES:
        raise ModelError(f"{path} is larger than 2 GB.", "Use a smaller model.")
    data = path.read_bytes()
    try:
        scan_onnx(data)
    except ModelError as error:
        raise ModelError(f"{path} is not taken. {error.message}", error.hint) from error
    options = {
        "channels": Preprocessing.from_json(card.preprocessing).in_channels,
        "classes": len(card.labels) + 1,
        "tile": card.grid.tile,
    }
    graph = run_contained("onnx", path, lambda target: target.write_bytes(data), options)
    return Draft(card, graph, Papers(origin=Origin(NOT_STATED, "imported by MedSeg from ONNX")))
