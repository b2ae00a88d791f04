"""References: cases of a data set that were not read yet, each kind with its own way of reading."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.errors import ImagesMoved, InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.engines.fit import fit_volume
from medseg_app.engines.model_card import ModelGrid
from medseg_app.metrics.instances import Finding, components


@dataclass(frozen=True)
class Reference:
    """One image with its truth. patient: cases of one patient are never divided.

    case: what tells it from other cases of its patient; empty where the name of the patient does.
    """

    patient: str
    modality: str
    case: str = field(default="", kw_only=True)

    @property
    def name(self) -> str:
        """Unique in its data set."""
        return f"{self.case or self.patient} {self.modality}"

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of the data set that it is made of, by any of which its patient may be named."""
        return ()

    def truth(self) -> LabelMap:
        """The truth alone, which is sooner read."""
        return self.read()[1]

    @abstractmethod
    def read(self) -> tuple[Volume, LabelMap]:
        """Image and truth on their own grid; the values of the truth are class values.

        Raises InputError where they cannot be read or do not lie on one grid.
        """

    def findings(self, truth: LabelMap) -> tuple[Finding, ...]:
        """The findings of its truth one by one, each in a box of its own.

        They have the name of their segment, and its value as their class.
        """
        segments = [s for s in truth.segments if s.kind == "instance"] or truth.segments
        return tuple(found for s in segments for found in _whole(truth.mask(s), s))


@dataclass(frozen=True)
class FilePair(Reference):
    """An image file and a file of labels on its grid.

    classes: value by name of the segments, for labels that are told by name; what it does not name is left
    out. Without it the values of the file are the classes.
    parts: each 26-connected part of a class is a finding, else each value of the labels is one.
    """

    image: Path
    labels: Path
    classes: Mapping[str, int] = field(default_factory=dict, hash=False)
    parts: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """Image and labels."""
        return self.image, self.labels

    def truth(self) -> LabelMap:
        """Read the labels."""
        from medseg_app.io.formats import read_labels

        labels = read_labels(self.labels)
        return revalued(labels, self.classes) if self.classes else labels

    def read(self) -> tuple[Volume, LabelMap]:
        """Read both files."""
        from medseg_app.io.formats import read_image

        volume, truth = read_image(self.image), self.truth()
        if not volume.geometry.same_grid(truth.geometry, 0.05):
            raise InputError(
                f"{self.labels} is not on the grid of {self.image}.", "Resample it or leave it out."
            )
        return volume, truth

    def findings(self, truth: LabelMap) -> tuple[Finding, ...]:
        """One per part of a class, or per value."""
        if not self.parts:
            return super().findings(truth)
        return tuple(
            replace(part, class_key=str(s.value))
            for s in truth.segments
            for part in components(truth.mask(s), s.name)
        )


def _whole(mask: NDArray[np.bool_], segment: Segment) -> tuple[Finding, ...]:
    """The mask (k, j, i) of a segment as one finding; none where it is empty."""
    box = Box.around(mask)
    if box is None:
        return ()
    return (Finding(box, mask[box.slices], segment.name, class_key=str(segment.value)),)


@dataclass(frozen=True)
class TissueImage(Reference):
    """A CT without truth: its tissues follow from its values (see tissue_labels.py)."""

    image: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The image."""
        return (self.image,)

    def read(self) -> tuple[Volume, LabelMap]:
        """Read the image and derive its labels."""
        from medseg_app.io.formats import read_image

        volume = read_image(self.image)
        return volume, derived_tissues(volume)


def derived_tissues(volume: Volume) -> LabelMap:
    """The tissues that the values of a CT tell, by their values in tissue_labels.py, on its own grid."""
    from .tissue_labels import tissue_labels

    axial = fit_volume(volume.geometry, ModelGrid("SPL"))
    k, j, i = (volume.geometry.spacing_kji[axis] for axis in axial.axes)
    labels = tissue_labels(axial.turned(volume.voxels), (k, j, i))
    found = np.ascontiguousarray(axial.turned_back(labels))
    segments = tuple(Segment(int(v), f"Label {v}", int(v)) for v in np.unique(found) if v)
    return LabelMap((found,), volume.geometry, segments)


@dataclass(frozen=True)
class PhantomSeed(Reference):
    """A made-up patient."""

    seed: int

    def read(self) -> tuple[Volume, LabelMap]:
        """Make the patient."""
        from medseg_app.phantom.phantom import make_phantom

        phantom = make_phantom(self.seed)
        return phantom.volume, phantom.truth


@dataclass(frozen=True)
class CaseImages:
    """What a case says of its images: kind of file, where they may lie, which they are, hash of voxels."""

    kind: str
    places: tuple[Path, ...]
    volume_id: str
    sha256: str


@dataclass(frozen=True)
class CaseFile(Reference):
    """A case of MedSeg (.medseg) whose images are found again. classes: value by name of the segments."""

    path: Path
    images: CaseImages
    classes: Mapping[str, int] = field(hash=False)

    @property
    def files(self) -> tuple[Path, ...]:
        """The case."""
        return (self.path,)

    def truth(self) -> LabelMap:
        """The segments; what none of the classes names is left out."""
        from medseg_app.io.case_file import read_case_file

        return revalued(read_case_file(self.path).segmentation.to_label_map(), self.classes)

    def read(self) -> tuple[Volume, LabelMap]:
        """Images and segments."""
        from medseg_app.core.progress import silent
        from medseg_app.io.images import find_images

        images = self.images
        try:
            volume = find_images(list(images.places), images.volume_id, images.sha256, silent)
        except ImagesMoved as error:
            hint = "Open the case in the window, say where they are, and save it."
            raise ImagesMoved(f"{self.path.name}: {error.message}", hint) from error
        return volume, self.truth()


def finding_class(value: int, classes: Sequence[int]) -> int:
    """The class of a finding with this label value; where a model knows one class only, it is that."""
    return value if len(classes) > 1 and value in classes else classes[0]


def revalued(labels: LabelMap, classes: Mapping[str, int]) -> LabelMap:
    """The segments of these classes in layers that hold class values; of one class there is one in each."""
    layers: list[NDArray[np.uint8]] = [np.zeros(labels.geometry.shape, np.uint8)]
    segments: list[Segment] = []
    for segment in (s for s in labels.segments if s.class_name in classes):
        value, mask = classes[segment.class_name], labels.mask(segment)
        taken = {other.group for other in segments if other.value == value}
        free = (g for g, layer in enumerate(layers) if g not in taken and not layer[mask].any())
        group = next(free, len(layers))
        if group == len(layers):
            layers.append(np.zeros_like(layers[0]))
        layers[group][mask] = value
        segments.append(replace(segment, value=value, group=group))
    return LabelMap(tuple(layers), labels.geometry, tuple(segments))
