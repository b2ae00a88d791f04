"""The truth of a phantom as a LabelMap: organs in one layer, lesions as instances in a second."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import ABNORMAL, Code, Colour, Segment

from .anatomy.lesions import Lesion, Site
from .patient import KIDNEY_LEFT, KIDNEY_RIGHT, LIVER, LUNGS, SPINE, SPLEEN

KIDNEY = Code("64033007", "SCT", "Kidney")
LUNG = Code("39607008", "SCT", "Lung")
LIVER_CODE = Code("10200004", "SCT", "Liver")
LEFT, RIGHT = Code("7771000", "SCT", "Left"), Code("24028007", "SCT", "Right")
BOTH = Code("51440002", "SCT", "Right and left")
LESION = Code("52988006", "SCT", "Lesion")
REGIONS: dict[Site, Code] = {"liver": LIVER_CODE, "kidney": KIDNEY, "lung": LUNG}

Organ = tuple[int, str, Code, tuple[Code, ...], Colour]

ORGANS: tuple[Organ, ...] = (
    (LIVER, "Liver", LIVER_CODE, (), (221, 130, 101)),
    (KIDNEY_LEFT, "Left kidney", KIDNEY, (LEFT,), (86, 180, 233)),
    (KIDNEY_RIGHT, "Right kidney", KIDNEY, (RIGHT,), (0, 114, 178)),
    (SPINE, "Spine", Code("421060004", "SCT", "Vertebral column"), (), (240, 228, 66)),
    (LUNGS, "Lungs", LUNG, (BOTH,), (0, 158, 115)),
    (SPLEEN, "Spleen", Code("78961009", "SCT", "Spleen"), (), (204, 121, 167)),
)


def truth_of(
    organs: NDArray[np.uint8], lesions: NDArray[np.uint8], drawn: Sequence[Lesion], geometry: VolumeGeometry
) -> LabelMap:
    """Both layers (k, j, i) with a segment for every organ and lesion that has voxels."""
    present = set(np.unique(organs).tolist())
    segments = [
        Segment(id=value, name=name, value=value, type=code, modifiers=sides, colour=colour)
        for value, name, code, sides, colour in ORGANS
        if value in present
    ]
    segments += [_lesion_segment(lesion) for lesion in drawn if (lesions == lesion.value).any()]
    return LabelMap((organs, lesions), geometry, tuple(segments))


def _lesion_segment(lesion: Lesion) -> Segment:
    return Segment(
        id=100 + lesion.value,
        name=f"Lesion {lesion.value}",
        value=lesion.value,
        group=1,
        colour=(213, 94, 0),
        kind="instance",
        category=ABNORMAL,
        type=LESION,
        region=REGIONS[lesion.site],
    )
