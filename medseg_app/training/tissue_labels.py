"""tissue_labels: tissues of a CT from its Hounsfield units and simple shapes, where no reader marked them.

Rules, not truth: contrast medium in large vessels counts as bone, thick muscle fat as fat. The body is what
is marked; couch and air around it are not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box

GAS, FAT, SOFT, BONE = 1, 2, 3, 4
BODY_HU, GAS_HU, FAT_HU = -300.0, -400.0, (-190.0, -30.0)
BONE_SURE_HU, BONE_LIKELY_HU = 300.0, 180.0
"""Likely bone counts where it hangs together with sure bone."""
COUCH_MM = 4.0
"""Thinner things than twice this are no body."""
MARROW_MM2 = 400.0
"""Holes in bone up to this size within a slice are marrow; the brain is larger."""
SPECK_ML = 0.05
"""Smaller pieces of bone are noise."""

Mask = NDArray[np.bool_]
Spacing = tuple[float, float, float]


def tissue_labels(voxels: NDArray[Any], spacing: Spacing) -> NDArray[np.uint8]:
    """Gas, fat, soft tissue and bone (1 to 4), 0 outside the body; voxels (k, j, i) in HU, spacing in mm.

    Slices lie along k. All zero where there is no body.
    """
    labels = np.zeros(voxels.shape, np.uint8)
    body = body_mask(voxels, spacing)
    box = Box.around(body)
    if box is None:
        return labels
    block, inside = np.asarray(voxels[box.slices], np.float32), body[box.slices]
    smooth = _smooth(block)
    found = np.where(inside, np.uint8(SOFT), np.uint8(0))
    found[inside & (smooth > FAT_HU[0]) & (smooth < FAT_HU[1])] = FAT
    gas = inside & (block < GAS_HU)
    found[_rim(gas) & (found == FAT)] = SOFT  # half gas, half tissue looks like fat
    found[gas] = GAS
    found[_bone(smooth, spacing) & inside] = BONE
    labels[box.slices] = found
    return labels


def body_mask(voxels: NDArray[Any], spacing: Spacing) -> Mask:
    """The body with all that it encloses in each slice; without couch and clothes."""
    from scipy import ndimage

    dense = np.asarray(voxels > BODY_HU)
    core = ndimage.binary_erosion(dense, _disc(COUCH_MM, spacing))
    parts, count = ndimage.label(core, np.ones((3, 3, 3)))
    if not count:
        return np.zeros(voxels.shape, bool)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    largest = parts == sizes.argmax()
    body = ndimage.binary_dilation(largest, _disc(COUCH_MM, spacing)) & dense
    return np.stack([ndimage.binary_fill_holes(plane) for plane in body])


def _bone(smooth: NDArray[np.float32], spacing: Spacing) -> Mask:
    from scipy import ndimage

    likely = smooth > BONE_LIKELY_HU
    parts, count = ndimage.label(likely, np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel(), minlength=count + 1) * np.prod(spacing) / 1000.0
    sure = np.zeros(count + 1, bool)
    sure[np.unique(parts[smooth > BONE_SURE_HU])] = True
    keep = sure & (sizes >= SPECK_ML)
    keep[0] = False
    return np.stack([_with_marrow(plane, spacing[1] * spacing[2]) for plane in keep[parts]])


def _with_marrow(bone: Mask, pixel_mm2: float) -> Mask:
    from scipy import ndimage

    if not bone.any():
        return bone
    holes, count = ndimage.label(ndimage.binary_fill_holes(bone) & ~bone)
    small = np.bincount(holes.ravel(), minlength=count + 1) * pixel_mm2 <= MARROW_MM2
    small[0] = False
    return np.asarray(bone | small[holes])


def _smooth(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Less noise, with borders where they were: the median of each voxel and its neighbours in the slice."""
    from scipy import ndimage

    return np.asarray(ndimage.median_filter(block, (1, 3, 3)))


def _rim(mask: Mask) -> Mask:
    from scipy import ndimage

    return np.asarray(ndimage.binary_dilation(mask) & ~mask)


def _disc(radius_mm: float, spacing: Spacing) -> Mask:
    """A flat disc of the slice plane, at least a cross of neighbours."""
    rows, columns = (max(int(radius_mm / step), 1) for step in spacing[1:])
    j, i = np.ogrid[-rows : rows + 1, -columns : columns + 1]
    inside = (j * spacing[1]) ** 2 + (i * spacing[2]) ** 2 <= max(radius_mm, *spacing[1:]) ** 2
    return np.asarray(inside[None])
