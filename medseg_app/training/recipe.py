"""Recipe: everything that decides how a model is trained, read from one TOML file.

name, version, engine, task, modality, licence, summary, data    as in the model card
[labels.1]          name, colour, ... of each class, as in the model card
[network]           name and literal arguments (see engines/networks.py)
[grid]              orientation, spacing and the range that is kept (see engines/fit.py)
[preprocessing]     channels per modality (see engines/preprocess.py)
[thresholds]        fixed figures for the engine, for example min_score
[source]            where the cases come from
[training]          steps, batch, patch, learning rate, ...
[loss]              what is to become small beside cross entropy and Dice (voxelwise networks)
[augment]           random changes of the training images
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from medseg_app.core.errors import InputError
from medseg_app.engines.model_card import LabelClass, ModelGrid, Network, Task, UnionClass
from medseg_app.engines.strict_json import FORBID_UNKNOWN
from medseg_app.engines.validated import validated

Absent = Literal["empty", "unknown", "unnamed"]


@dataclass(frozen=True)
class Pair:
    """Images and labels of one modality; `*` stands for the same text, the patient, in both patterns.

    by: what tells the class of a label: its value in the file, or the name that the file gives it.
    """

    modality: str
    image: str
    labels: str = ""
    by: Literal["value", "name"] = "value"

    __pydantic_config__ = FORBID_UNKNOWN


@dataclass(frozen=True)
class Source:
    """Where cases come from.

    kind: "folder" (files that match `pairs` below `folder`), "cases" (of MedSeg, below `folder`; segments
    belong to the class of their name), "coco" (the data set in `folder`), "tissues" (images of `pairs`, whose
    labels are derived from their values) or "phantom" (made from `seeds`).
    folder: relative to the recipe's own file.
    seeds: first and last seed of the phantoms to train on; validation_seeds likewise.
    split: JSON file {"train": [patients], "validation": [patients]}, relative to the recipe; without
    it every fifth patient is kept for validation (see patients.py).
    sub_boxes: JSON file with pieces of the validation cases (see sub_boxes.py), relative to the recipe.
    absent: what a class without any voxel in a case means there. "empty": it was looked for and is not there.
    "unknown": nobody looked for it, so it is no background. "unnamed": unknown where the case has no segment
    of that name either, else empty.
    values: value in the data -> value of the class that it is; other values are left out, and classes that
    none of them is were annotated nowhere. Without it the values in the data are those of the classes.
    parts: each 26-connected part of what a file marks as a class is a finding, else each value in it.
    """

    kind: Literal["folder", "cases", "coco", "tissues", "phantom"] = "folder"
    folder: str = "."
    pairs: tuple[Pair, ...] = ()
    seeds: tuple[int, int] = (0, -1)
    validation_seeds: tuple[int, int] = (0, -1)
    split: str = ""
    sub_boxes: str = ""
    absent: Absent = "empty"
    values: dict[int, int] = field(default_factory=dict)
    parts: bool = False

    __pydantic_config__ = FORBID_UNKNOWN

    @property
    def is_by_name(self) -> bool:
        """Whether names tell the class of what is marked, rather than values."""
        return self.kind == "cases" or any(pair.by == "name" for pair in self.pairs)


@dataclass(frozen=True)
class Augment:
    """Random changes of training images; 0 leaves a kind of change out.

    zoom: share by which sizes vary (0.2: 0.83..1.2). rotate_degrees: within the slice. tilt_degrees: out
    of it.
    flip: left-right mirroring, never for models that tell sides apart.
    shift, contrast: in units of the channels (-1..1). noise: standard deviation in the same units.
    gamma: by how much the middle greys vary (0.3: exponents 0.77..1.3).
    blur: share of patches that are made as coarse as those of a scanner with larger pixels.
    bias: by how much the brightness of MR varies across the patch, as coils make it.
    paste: share of patches that get a finding of another patient (models of findings only).
    synthetic: share of patches that get a made-up finding (models of findings only), of rare classes more
    often (see synthetic.py).
    dose: highest standard deviation in HU of noise as of a scan with a smaller dose (CT only).
    metal: share of CT patches with a piece of metal and its rays.
    air: replace featureless -1024 air outside the body of a CT by noisy air, couches and head rests.
    metal and air are for models of voxels.
    """

    zoom: float = 0.0
    rotate_degrees: float = 0.0
    tilt_degrees: float = 0.0
    flip: bool = False
    shift: float = 0.0
    contrast: float = 0.0
    noise: float = 0.0
    gamma: float = 0.0
    blur: float = 0.0
    bias: float = 0.0
    paste: float = 0.0
    synthetic: float = 0.0
    dose: float = 0.0
    metal: float = 0.0
    air: bool = False

    __pydantic_config__ = FORBID_UNKNOWN


@dataclass(frozen=True)
class Loss:
    """What a voxelwise network is judged by beside cross entropy and Dice; 0 leaves it out.

    focal: how much more voxels count that are still wrong (2 is usual).
    boundary: weight that the distance to the border has at the end; it rises over the last third.
    edges: weight of a further head that shows borders, cut off when the training ends.
    deep: coarser levels of a DynUNet that are judged too, each half as much as the finer one.
    gaps: how much more background counts between two objects that nearly touch (10 in the U-Net of 2015).
    """

    focal: float = 0.0
    boundary: float = 0.0
    edges: float = 0.0
    deep: int = 0
    gaps: float = 0.0

    __pydantic_config__ = FORBID_UNKNOWN


@dataclass(frozen=True)
class Training:
    """The schedule.

    patch: edges (k, j, i) of what the network sees; networks for slices look at (j, i) and take k slices
    from each crop.
    first_patch: what it sees in the first `first_share` of the training instead: small patches cost
    less, so the network meets more of them while it learns the coarse things.
    foreground: share of patches centred on a present class or finding.
    ema: share of the running mean of the weights that is kept per step; the mean is what is shipped.
    half: store float16 weights.
    watch: patients of the training from whom nothing is learnt; their loss is looked at every `look_every`
    steps, and the training ends once the last `patience` looks were no better than one before (0: never).
    """

    steps: int
    batch: int
    patch: tuple[int, int, int]
    learning_rate: float
    first_patch: tuple[int, int, int] | None = None
    first_share: float = 0.6
    weight_decay: float = 1e-4
    warmup: int = 50
    foreground: float = 0.85
    ema: float = 0.999
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    seed: int = 0
    half: bool = True
    watch: int = 0
    look_every: int = 250
    patience: int = 0

    __pydantic_config__ = FORBID_UNKNOWN

    def patch_at(self, share: float) -> tuple[int, int, int]:
        """What the network sees when this share (0..1) of the training is done."""
        return self.first_patch if self.first_patch and share < self.first_share else self.patch


@dataclass(frozen=True)
class Recipe:
    """How one model is trained; the fields that are not explained here are those of ModelCard.

    headline: class values whose mean Dice is the model's headline figure; all where empty.
    start_from: a model folder whose weights are the beginning instead of random ones, or for a Mask R-CNN a
    file of weights of torchvision's (see engines/photograph_weights.py), for a Mask2Former or MaskFormer one
    of transformers' (see engines/query_weights.py).
    notes: what a user should know of how his data became this recipe.
    path: the file it was read from; folders are relative to it.
    """

    name: str
    version: str
    engine: str
    task: Task
    modality: tuple[str, ...]
    licence: str
    labels: dict[int, LabelClass]
    network: Network
    preprocessing: dict[str, Any]
    source: Source
    training: Training
    grid: ModelGrid = field(default_factory=ModelGrid)
    unions: dict[int, UnionClass] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    loss: Loss = Loss()
    augment: Augment = Augment()
    headline: tuple[int, ...] = ()
    summary: str = ""
    data: str = ""
    start_from: Path | None = None
    notes: tuple[str, ...] = ()
    path: Path = Path("recipe.toml")

    __pydantic_config__ = FORBID_UNKNOWN

    @property
    def values(self) -> tuple[int, ...]:
        """The class values in rising order; the n-th is channel n + 1 of the network."""
        return tuple(sorted(self.labels))

    @property
    def taught(self) -> frozenset[int]:
        """The class values that the data set marks."""
        return frozenset(self.source.values.values()) or frozenset(self.labels)

    @property
    def gives_findings(self) -> bool:
        """Whether the model is judged by the findings that it reports, one by one."""
        return any(label.kind == "instance" for label in self.labels.values())


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises InputError where the file is no recipe, with the field at fault, or says what nothing would heed.
    """
    from pydantic import ValidationError

    from .unheeded import refuse_unheeded

    try:
        values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The recipe {path} cannot be read ({error}).", "Check the path.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"The recipe {path} is not TOML ({error}).") from error
    try:
        recipe = validated(Recipe, {**values, "path": Path(path)})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"The recipe {path} is not complete ({where}: {first['msg']}).") from error
    refuse_unheeded(recipe)
    return recipe
