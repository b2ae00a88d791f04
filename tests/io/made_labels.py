"""Label maps without any symmetry, so that every flip, shift and swap shows."""

from __future__ import annotations

import numpy as np

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import ABNORMAL, Code, Provenance, Segment

LIVER = Segment(
    id=1,
    name="Liver",
    value=1,
    colour=(221, 130, 101),
    type=Code("10200004", "SCT", "Liver"),
    provenance=Provenance(source="model", model="demo-organs", model_version="1.0", model_sha256="ab" * 32),
)
KIDNEY = Segment(
    id=2,
    name="Right kidney",
    value=3,
    colour=(0, 114, 178),
    type=Code("64033007", "SCT", "Kidney"),
    modifiers=(Code("24028007", "SCT", "Right"),),
)
TUMOUR = Segment(
    id=3,
    name="Tumour 1",
    value=7,
    colour=(204, 121, 167),
    kind="instance",
    category=ABNORMAL,
    type=Code("52988006", "SCT", "Lesion"),
    region=Code("10200004", "SCT", "Liver"),
    tracking_id="lesion-1",
    tracking_uid="2.25.123456789",
    provenance=Provenance(source="model", model="demo-lesions", model_version="2", edited=True),
)


def labels_on(geometry: VolumeGeometry) -> LabelMap:
    """Three segments: a block with a hole and an island in it, an L, and voxels that touch three corners."""
    layer = np.zeros(geometry.shape, np.uint8)
    k = min(1, geometry.shape[0] - 1)
    layer[k : k + 4, 3:10, 4:13] = 1
    layer[k : k + 4, 5:8, 6:11] = 0
    layer[k, 6, 8] = 1
    layer[k:, 12:15, 2] = 3
    layer[k, 14, 2:9] = 3
    layer[0, 0, 0] = layer[-1, -1, 0] = layer[-1, 0, -1] = 7
    return LabelMap((layer,), geometry, (LIVER, KIDNEY, TUMOUR))


def overlapping_labels_on(geometry: VolumeGeometry) -> LabelMap:
    """The same, the tumour in a layer of its own and six voxels inside the liver."""
    from dataclasses import replace

    plain = labels_on(geometry)
    layer = plain.layers[0].copy()
    layer[layer == 7] = 0
    second = np.zeros_like(layer)
    k = min(1, geometry.shape[0] - 1)
    second[k, 3:5, 4:7] = 1
    second[0, 0, 0] = 1
    return LabelMap((layer, second), geometry, (LIVER, KIDNEY, replace(TUMOUR, value=1, group=1)))
