"""The JSON documents of the command line: what programs read about segments and outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from medseg_app.core.label_map import LabelMap
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume
from medseg_app.io.export_options import Written


def segments_document(labels: LabelMap) -> list[dict[str, Any]]:
    """One entry per segment with voxels: value, name, place and size.

    box_kji: [[k, j, i] of the first voxel, [k, j, i] after the last one]. volume_ml is null where
    uneven slices have no voxel volume.
    """
    found: list[dict[str, Any]] = []
    for segment in labels.segments:
        box = labels.box(segment)
        if box is None:
            continue
        index = np.argwhere(labels.layers[segment.group][box.slices] == segment.value)
        centre = labels.geometry.to_patient(index.mean(axis=0) + box.start)
        found.append(
            {
                "value": segment.value,
                "name": segment.name,
                "segment_number": len(found) + 1,
                "score": None if segment.score is None else round(segment.score, 6),
                "volume_ml": _volume_ml(labels, len(index)),
                "centroid_lps_mm": centre.tolist(),
                "box_kji": [list(box.start), list(box.stop)],
            }
        )
    return found


def prediction_document(
    volume: Volume, proposal: Proposal, labels: LabelMap, outputs: Sequence[Written]
) -> dict[str, Any]:
    """What `medseg predict --json` prints."""
    model = proposal.model
    return {
        "volume": volume.id,
        "model": {"name": model.name, "version": model.version, "sha256": model.sha256},
        "device": proposal.device,
        "precision": proposal.precision,
        "outputs": outputs_document(outputs),
        "segments": segments_document(labels),
    }


def export_document(volume: Volume, labels: LabelMap, outputs: Sequence[Written]) -> dict[str, Any]:
    """What `medseg export --json` prints."""
    return {
        "volume": volume.id,
        "outputs": outputs_document(outputs),
        "segments": segments_document(labels),
    }


def outputs_document(outputs: Sequence[Written]) -> list[dict[str, Any]]:
    """Path, whether it was written and verified, and the reason if not."""
    return [
        {"path": str(o.path), "written": o.written, "verified": o.verified, "reason": o.reason or None}
        for o in outputs
    ]


def _volume_ml(labels: LabelMap, voxels: int) -> float | None:
    return voxels * labels.geometry.voxel_volume_ml if labels.geometry.is_regular else None
