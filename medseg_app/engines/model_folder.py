"""Model folders: MONAI bundle layout, safetensors weights, a card and the checksum of every file.

    configs/metadata.json     MONAI's metadata fields, for other tools
    configs/inference.json    the card, the only file that MedSeg builds a network from
    models/model.safetensors  weights
    docs/README.md            the card for people
    LICENSE, SHA256SUMS

Nothing in a model folder can run: a folder that holds anything executable is refused. The weights of an
ONNX model are its graph, models/model.onnx.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medseg_app.core.errors import ModelError

from .backend import ARITHMETIC
from .checksums import REMEDY, inside, read_checked, read_checksums
from .model_card import ModelCard, ModelGrid
from .strict_json import is_special, read_strict_json
from .unions import union_problem
from .validated import validated

SCHEMA_VERSION = 1
CARD = "configs/inference.json"
METADATA = "configs/metadata.json"
README = "docs/README.md"
LICENCE = "LICENSE"
MAX_FILES = 1000
MAX_TILE = 256**3
"""A larger tile fits no memory."""
MAX_OVERLAP = 0.9
"""More would multiply the time of a run by over a thousand."""

PICKLES = {".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".npy", ".npz", ".joblib", ".dill"}
PROGRAMS = {".ts", ".py", ".pyc", ".so", ".dll", ".dylib", ".pyd", ".exe", ".sh", ".bat", ".conf"}
GRAPHS = {".onnx", ".xml"}
"""Operations without code; no program, but nothing that an engine of ours would not ask for by its name."""
WEIGHTS = ".safetensors"
WEIGHTS_OF = {"onnx": ".onnx"}
"""Engines whose weights are another kind of file: ADR 12."""


@dataclass(frozen=True)
class ModelFolder:
    """A model folder whose card was read and whose small files were compared with their checksums.

    parts: the models that it runs as one, where it stands for several (see combined_model.py).
    package: the Python package that brings it (see package_models.py); empty for a model folder.
    """

    path: Path
    card: ModelCard
    checksums: dict[str, str]
    parts: tuple[ModelFolder, ...] = ()
    package: str = ""

    @property
    def models(self) -> tuple[ModelFolder, ...]:
        """The models with weights of their own that it runs: itself, or those of its parts."""
        return tuple(one for part in self.parts for one in part.models) or (self,)

    def weights(self) -> bytes:
        """The weight file, compared with its checksum. Raises ModelError where it was changed."""
        return read_checked(self.path, self.card.weights, self.checksums)

    def documents(self) -> dict[str, bytes]:
        """Files for people beside the text, by their path below the folder."""
        names = [name for name in self.checksums if name.startswith("docs/") and name != README]
        return {name: read_checked(self.path, name, self.checksums) for name in names}


def read_model_folder(path: Path) -> ModelFolder:
    """Read the card of a model folder; hashes of all files but the weights are compared now.

    Raises ModelError where a file is missing, was changed, could run code or is not understood.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise ModelError(f"There is no model folder {folder}.", "Check the path.")
    _refuse_executables(folder)
    data = read_strict_json(folder / CARD)
    read_strict_json(folder / METADATA)
    _refuse_newer(data, folder)
    values = {key: value for key, value in data.items() if key != "schema_version"}
    card = parse_card(values, folder / CARD)
    weights = inside(folder, card.weights)
    wanted = WEIGHTS_OF.get(card.engine, WEIGHTS)
    if weights.suffix != wanted or not weights.is_file():
        raise ModelError(f"The weights {weights} are missing or not a file of kind {wanted}.", REMEDY)
    _refuse_other_graphs(folder, weights)
    sums = read_checksums(folder)
    for name in (CARD, METADATA, card.weights):
        if name not in sums:
            raise ModelError(f"{folder / name} is not in the list of checksums.", REMEDY)
    for name in sums:
        if name != card.weights:
            read_checked(folder, name, sums)
    return ModelFolder(folder, replace(card, sha256=sums[card.weights], size=weights.stat().st_size), sums)


def names_of(folder: Path) -> tuple[str, ...]:
    """The names by which a folder is meant, also where it is refused: that on its card, if one can be read
    from it, and its own.
    """
    try:
        name = read_strict_json(folder / CARD).get("name")
    except ModelError:
        name = None
    return (name, folder.name) if isinstance(name, str) and _is_name(name) else (folder.name,)


def parse_card(values: dict[str, Any], path: Path) -> ModelCard:
    """The card that these values make. Raises ModelError, naming the file, where they make none."""
    from pydantic import ValidationError

    try:
        card = validated(ModelCard, values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path} is not a model card ({where}: {first['msg']}).", REMEDY) from error
    problem = card_problem(card)
    if problem:
        raise ModelError(f"{path} is not a model card ({problem}).", REMEDY)
    return card


def card_problem(card: ModelCard) -> str:
    """What the types alone do not say; empty where the card is sound."""
    if not _is_name(card.name):
        return "the name may hold letters, digits, dots, - and _ only, and begins with no dot"
    words = (card.version, card.licence, *card.modality, *(label.name for label in card.classes.values()))
    if not all(word.isprintable() for word in words):
        return "version, licence, modality and names of classes are printable letters on one line"
    if not card.modality:
        return "no modality"
    if not card.labels or min(card.classes) < 1 or max(card.classes) > 65535:
        return "class values must lie in 1..65535"
    if any(not 0 <= part <= 255 for label in card.classes.values() for part in label.colour):
        return "colours must lie in 0..255"
    letters = sorted(card.grid.orientation.translate(str.maketrans("LPSRAI", "xyzxyz")))
    if letters not in ([], ["x", "y", "z"]):
        return "the orientation must name each axis of the patient once"
    return (
        union_problem(card)
        or _grid_problem(card.grid)
        or _backends_problem(card)
        or _eight_bits_problem(card)
    )


def _is_name(name: str) -> bool:
    return not name.startswith(".") and name.replace("-", "").replace("_", "").replace(".", "").isalnum()


def _grid_problem(grid: ModelGrid) -> str:
    if grid.spacing_mm and not all(0.01 <= edge <= 100 for edge in grid.spacing_mm):
        return "a spacing lies between 0.01 and 100 mm"
    tiles = [edges for edges in (grid.tile, grid.patch) if edges]
    if not all(min(edges) >= 1 and math.prod(edges) <= MAX_TILE for edges in tiles):
        return f"a tile holds 1 to {MAX_TILE:,} voxels"
    if not 0 <= grid.overlap <= MAX_OVERLAP:
        return f"tiles overlap by 0 to {MAX_OVERLAP}"
    return ""


def _backends_problem(card: ModelCard) -> str:
    sound = all(one.arithmetic in ARITHMETIC[one.precision] for one in card.backends)
    return (
        "" if sound else "what computes it exact ends in float32, what computes it fast in bfloat16 or int8"
    )


def _eight_bits_problem(card: ModelCard) -> str:
    sound = all(-1 <= one.least <= 0 and min(one.most, default=0) > 0 for one in card.eight_bits.values())
    return "" if sound else "what eight bits tell apart reaches from 0 or below to above it in each channel"


def _refuse_newer(data: dict[str, Any], folder: Path) -> None:
    version = data.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ModelError(
            f"{folder / CARD} is a model card of format {version}; this program reads {SCHEMA_VERSION}.",
            "Update MedSeg, or ask for the model in the older format.",
        )


def _refuse_executables(folder: Path) -> None:
    for count, path in enumerate(folder.rglob("*")):
        if count >= MAX_FILES:
            raise ModelError(
                f"{folder} holds more than {MAX_FILES} files, so it is not a model folder.", REMEDY
            )
        if is_special(inside(folder, path.relative_to(folder).as_posix())):
            raise ModelError(f"{path} is neither a file nor a folder, so the model is not opened.", REMEDY)
        suffix = path.suffix.lower()
        if suffix in PICKLES | PROGRAMS:
            kind = "pickled data" if suffix in PICKLES else "a program"
            raise ModelError(
                f"{path} is {kind}, which can run code on this computer, so the model is not opened.",
                "Import the model with medseg models --import, or remove the file if you trust the rest.",
            )


def _refuse_other_graphs(folder: Path, weights: Path) -> None:
    for path in folder.rglob("*"):
        if path.suffix.lower() in GRAPHS and path != weights:
            raise ModelError(
                f"{path} is a graph that the card of the model does not name, so the model is not opened.",
                "Remove the file if you trust the rest.",
            )
