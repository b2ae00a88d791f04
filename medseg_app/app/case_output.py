"""A case as the output of a command: the one that the labels come from, or a new one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from medseg_app.core.case import Case
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segmentation import Segmentation
from medseg_app.core.volume import Volume


def case_of(labels: LabelMap, volume: Volume) -> Case:
    """A case with finished labels, nothing of which a reader has decided yet."""
    groups = [(layer, np.zeros(layer.shape, np.uint8)) for layer in labels.layers]
    rows = [replace(segment, id=number) for number, segment in enumerate(labels.segments, start=1)]
    return Case(volume, Segmentation.restored(labels.geometry, rows, groups, revision=1), saved_revision=1)


def read_case(path: Path, volume: Volume) -> Case:
    """A saved case on its images, with what readers decided and measured."""
    from medseg_app.io.case_file import read_case_file

    saved = read_case_file(path)
    return Case(volume, saved.segmentation, saved.id, path, rulers=list(saved.rulers))


def write_case(path: Path, case: Case, deidentify: bool) -> None:
    """Save a case; de-identified, nothing in it leads back to the patient."""
    from medseg_app.io.case_file import write_case_file
    from medseg_app.io.dicom.deidentify import deidentified

    if deidentify:
        own = case.segmentation
        rows = deidentified(own.to_label_map(), case.volume).segments
        groups = [(own.labels(group), own.human(group)) for group in range(own.groups)]
        clean = Segmentation.restored(own.geometry, rows, groups, own.revision)
        case = Case(case.volume, clean, rulers=case.rulers)
    write_case_file(path, case, deidentify=deidentify)
