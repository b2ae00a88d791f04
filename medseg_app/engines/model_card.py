"""ModelCard: what a model is, what it wants and what it gives; plain values, no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from medseg_app.core.proposal import ModelIdentity
from medseg_app.core.segment import ANATOMY, TISSUE, Code, Colour, Kind

from .backend import Backend
from .strict_json import FORBID_UNKNOWN

Task = Literal["semantic", "instance", "panoptic", "interactive"]
Range = tuple[float, float]


@dataclass(frozen=True)
class LabelClass:
    """One class that a model knows, in the terms that DICOM SEG needs."""

    name: str
    colour: Colour
    kind: Kind = "semantic"
    category: Code = ANATOMY
    type: Code = TISSUE
    modifiers: tuple[Code, ...] = ()
    region: Code | None = None

    __pydantic_config__ = FORBID_UNKNOWN


@dataclass(frozen=True)
class UnionClass(LabelClass):
    """A class that is others together, as the body is all of its tissues; the network knows only those.

    of: their class values, two at least.
    """

    of: tuple[int, ...] = ()

    __pydantic_config__ = FORBID_UNKNOWN


@dataclass(frozen=True)
class Network:
    """A network of the allowlist by its name, with literal arguments."""

    name: str
    arguments: dict[str, Any]

    __pydantic_config__ = FORBID_UNKNOWN


@dataclass(frozen=True)
class ModelGrid:
    """The frame in which a model sees its images.

    orientation: where the axes (k, j, i) point in the patient, one letter of L R P A S I each
    ("SPL" for axial slices from the feet upwards); empty keeps the axes of the volume.
    spacing_mm: voxel size (k, j, i) that the model was trained at; None keeps the volume's own.
    keep_mm: per axis (least, most) spacing that is left as it is; outside it is resampled.
    body_above: voxels above it (HU) are body, and only the box around them is looked at; None: everything.
    tile: edges (k, j, i) of the only tiles that a network for volumes takes; None: it takes others too.
    patch: edges (k, j, i) of tiles that suit it, mostly what it learned on; None leaves them to the device.
    overlap: share of a tile's edge that neighbouring tiles have in common.
    """

    orientation: str = "SPL"
    spacing_mm: tuple[float, float, float] | None = None
    keep_mm: tuple[Range, Range, Range] | None = None
    body_above: float | None = None
    tile: tuple[int, int, int] | None = None
    patch: tuple[int, int, int] | None = None
    overlap: float = 0.25

    __pydantic_config__ = FORBID_UNKNOWN


@dataclass(frozen=True)
class InputRange:
    """The values in the input of a convolution that eight bits tell apart.

    most: the largest one of each channel. least: the smallest one, as a share of the largest, at most 0.
    """

    least: float
    most: tuple[float, ...]

    __pydantic_config__ = FORBID_UNKNOWN


@dataclass(frozen=True)
class ModelCard:
    """Everything about a model but its weights.

    labels: class value (from 1; 0 is background) -> class.
    unions: class value -> class that is several of those together (see unions.py).
    preprocessing: frozen description of how voxels become float32 channels (see preprocess.py).
    thresholds: what the engine takes as a finding: min_score of an instance and, for slice-wise
    detection, min_slice_score, mask (probability), min_slices, and cluster_iou (see clustered_instances.py);
    min_ml where it runs together with another model (see panoptic.py).
    figures: what was measured with these weights, free form.
    backends: how close what computes it comes to torch in float32, and what that takes (see backend.py).
    eight_bits: what is told apart of the input of each convolution that "fast" may compute in integers of
    eight bits, by its name in the network (see eight_bits.py); empty: none.
    data: what it was trained on, with the licence of that data.
    trained: how long it learnt on what, in words; empty where that is not known.
    weights: path of the safetensors file in the folder; sha256 and size (bytes) are filled in on
    reading from the folder's list of checksums.
    """

    name: str
    version: str
    engine: str
    task: Task
    modality: tuple[str, ...]
    licence: str
    labels: dict[int, LabelClass]
    network: Network
    grid: ModelGrid = ModelGrid()
    unions: dict[int, UnionClass] = field(default_factory=dict)
    preprocessing: dict[str, Any] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    backends: tuple[Backend, ...] = ()
    eight_bits: dict[str, InputRange] = field(default_factory=dict)
    summary: str = ""
    data: str = ""
    trained: str = ""
    weights: str = "models/model.safetensors"
    sha256: str = ""
    size: int = 0

    __pydantic_config__ = FORBID_UNKNOWN

    @property
    def identity(self) -> ModelIdentity:
        """Name, version and hash of the weights, as proposals and files keep them."""
        return ModelIdentity(self.name, self.version, self.sha256)

    @property
    def classes(self) -> dict[int, LabelClass]:
        """All that it marks, by class value: what its network tells apart, and what is several of these."""
        return dict(sorted({**self.labels, **self.unions}.items()))

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are called that its network tells apart."""
        return tuple(label.name for label in self.labels.values())

    @property
    def size_mb(self) -> float | None:
        """Size of the weight file in megabytes; None where it is not on this computer."""
        return round(self.size / 1e6, 3) if self.size else None

    @property
    def gives_findings(self) -> bool:
        """Whether results are numbered by falling score instead of carrying the class value."""
        return self.task != "semantic" or any(label.kind == "instance" for label in self.labels.values())
