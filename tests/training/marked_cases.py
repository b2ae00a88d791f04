"""Cases of MedSeg, each on a DICOM series or a NIfTI file of its own, with the segments that a test names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.segment import Segment
from medseg_app.core.segmentation import Segmentation
from medseg_app.core.volume import Volume
from medseg_app.io.case_file import write_case_file
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.series_writer import write_series
from medseg_app.io.dicom.volume import load_volume
from medseg_app.io.formats import read_image
from tests.training.tiny import SHAPE, write_image

PLACES = {"Block": np.s_[2:8, 4:14, 4:14], "Rod": np.s_[:, 24:29, 20:26]}
BOTH = "Both"
"""Block and rod together, and "Both but a corner" less than that."""


def write_marked_case(
    path: Path,
    segments: tuple[str, ...],
    *,
    seed: int = 0,
    patient: int | None = None,
    kind: str = "semantic",
) -> None:
    """A case with these segments; one with `(empty)` behind its name has no voxel.

    patient: whose images are written as a DICOM series beside it; without it they are a NIfTI file.
    """
    voxels = np.random.default_rng(seed).normal(-50, 30, SHAPE)
    for name in segments:
        if name in PLACES:
            voxels[PLACES[name]] += 300
    voxels[:, :1] = -1024
    volume = _images(path.with_suffix(""), voxels.astype(np.int16), seed, patient)
    case = Case(volume, Segmentation(volume.geometry))
    writer = LabelWriter(case.segmentation)
    writer.begin("Mark")
    for number, name in enumerate(segments, 1):
        group = writer.add_group() if name.startswith(BOTH) else 0
        written = name.removesuffix(" (empty)").removesuffix(" but a corner")
        writer.put_segment(Segment(number, written, number, group=group, kind=kind))
        writer.write(LabelPatch(number, Box.whole(SHAPE), _mask(name)))
    writer.commit()
    write_case_file(path, case)


def _mask(name: str) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    for place in PLACES if name.startswith(BOTH) else {name} & PLACES.keys():
        mask[PLACES[place]] = True
    if name.endswith("but a corner"):
        mask[tuple(np.argwhere(mask)[0])] = False
    return mask


def _images(place: Path, voxels: np.ndarray, seed: int, patient: int | None) -> Volume:
    place.mkdir(parents=True, exist_ok=True)
    write_image(place / "image.nii.gz", voxels)
    volume = replace(read_image(place / "image.nii.gz"), modality="CT")
    if patient is None:
        return volume
    (place / "image.nii.gz").unlink()
    write_series(volume, place, seed=patient, series=str(seed))
    return load_volume(scan_folder(place).volumes[0])
