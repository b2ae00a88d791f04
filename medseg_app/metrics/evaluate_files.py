"""evaluate_files: everything `medseg evaluate` says about a prediction and its truth."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.errors import GeometryError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment

from .instances import Finding, components, match_findings
from .overlap import compare_masks

AVERAGED = ("dice", "iou", "nsd", "hd95_mm", "volume_error_ml")

MatchBy = Literal["value", "name"]


def evaluate_files(
    prediction: LabelMap,
    truth: LabelMap,
    unknown: Collection[int | str] = (),
    match_by: MatchBy = "value",
) -> dict[str, Any]:
    """Compare two label maps on one grid: `{labels: {key: {...}}, findings: {...}, mean: {...}}`.

    unknown: classes (values, or names where match_by is "name") that were not annotated in the truth;
    they are left out on both sides. match_by: "name" for DICOM SEG, whose numbers are consecutive.
    Findings are the segments of kind "instance", best score first; in files that do not tell kinds, the
    26-connected components of each label. Undefined figures are None (see overlap.py).
    Raises GeometryError where the grids differ or the slices are not evenly spaced.
    """
    if not prediction.geometry.same_grid(truth.geometry, 0.01):
        raise GeometryError(
            "Prediction and truth lie on different grids, so their voxels cannot be compared.",
            "Export both onto the same series first.",
        )
    left_out = {str(one) for one in unknown}
    mine, theirs = _by_key(prediction, match_by, left_out), _by_key(truth, match_by, left_out)
    k, j, i = (float(n) for n in np.linalg.norm(truth.geometry.affine[:3, :3], axis=0))
    labels = {}
    for key in sorted({*mine, *theirs}, key=_natural):
        figures = compare_masks(
            _mask(prediction, mine.get(key, [])), _mask(truth, theirs.get(key, [])), (k, j, i)
        )
        labels[key] = {"name": (theirs.get(key) or mine[key])[0].name, **figures.to_json()}
    found = match_findings(_findings(prediction, mine), _findings(truth, theirs))
    return {"labels": labels, "findings": found.to_json(), "mean": _means(labels)}


def _by_key(label_map: LabelMap, match_by: MatchBy, left_out: set[str]) -> dict[str, list[Segment]]:
    """Segments with voxels by class; several layers may hold the same one."""
    found: dict[str, list[Segment]] = {}
    for segment in label_map.segments:
        key = str(segment.value) if match_by == "value" else segment.name
        if key not in left_out and label_map.box(segment) is not None:
            found.setdefault(key, []).append(segment)
    return found


def _mask(label_map: LabelMap, segments: list[Segment]) -> NDArray[np.bool_]:
    mask = np.zeros(label_map.geometry.shape, bool)
    for segment in segments:
        mask |= label_map.mask(segment)
    return mask


def _findings(label_map: LabelMap, by_key: dict[str, list[Segment]]) -> list[Finding]:
    segments = [segment for same in by_key.values() for segment in same]
    instances = [segment for segment in segments if segment.kind == "instance"]
    if not instances:
        return [part for s in segments for part in components(label_map.mask(s), s.name)]
    instances.sort(key=lambda segment: -(segment.score or 0.0))
    return [_finding(label_map, segment) for segment in instances]


def _finding(label_map: LabelMap, segment: Segment) -> Finding:
    mask = label_map.mask(segment)
    box = Box.around(mask)
    assert box is not None
    return Finding(box, mask[box.slices], segment.name)


def _means(labels: dict[str, dict[str, Any]]) -> dict[str, float | None]:
    """Mean of each figure over the labels for which it is defined."""
    means: dict[str, float | None] = {}
    for name in AVERAGED:
        defined = [figures[name] for figures in labels.values() if figures[name] is not None]
        means[name] = float(np.mean(defined)) if defined else None
    return means


def _natural(key: str) -> tuple[bool, int, str]:
    """Numbers in their order, then names."""
    return (not key.isdecimal(), int(key) if key.isdecimal() else 0, key)
