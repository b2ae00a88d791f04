"""Overlap figures against hand-made cases and against MONAI."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_app.metrics.overlap import compare_masks, dice

SPACING = (3.0, 1.0, 2.0)


def cube(start: tuple[int, int, int], edge: int = 6) -> np.ndarray:
    mask = np.zeros((16, 18, 20), bool)
    mask[tuple(slice(a, a + edge) for a in start)] = True
    return mask


EMPTY = np.zeros((16, 18, 20), bool)


def test_equal_masks_are_perfect():
    figures = compare_masks(cube((4, 4, 4)), cube((4, 4, 4)), SPACING)
    assert (figures.dice, figures.iou, figures.nsd, figures.hd95_mm) == (1.0, 1.0, 1.0, 0.0)
    assert figures.volume_error_ml == 0.0
    assert figures.truth_volume_ml == pytest.approx(216 * 6 / 1000)


@pytest.mark.parametrize(("axis", "step_mm"), [(0, 3.0), (1, 1.0), (2, 2.0)])
def test_a_shift_by_one_voxel_is_measured_in_mm(axis, step_mm):
    shifted = np.roll(cube((4, 4, 4)), 1, axis)
    figures = compare_masks(shifted, cube((4, 4, 4)), SPACING)
    assert figures.dice == pytest.approx(5 / 6)
    assert figures.iou == pytest.approx(5 / 7)
    assert figures.hd95_mm == pytest.approx(step_mm)
    assert (figures.nsd == 1.0) == (step_mm <= 2.0)


def test_volume_error_is_told_in_ml_and_as_a_share_of_the_truth():
    figures = compare_masks(cube((4, 4, 4), 8), cube((4, 4, 4)), SPACING)
    assert figures.volume_error_ml == pytest.approx((512 - 216) * 6 / 1000)
    assert figures.volume_error_relative == pytest.approx((512 - 216) / 216)


def test_the_tolerance_decides_which_surface_is_near():
    pair = np.roll(cube((4, 4, 4)), 1, 0), cube((4, 4, 4))
    assert compare_masks(*pair, SPACING, 2.9).nsd < 1.0
    assert compare_masks(*pair, SPACING, 3.0).nsd == 1.0
    assert compare_masks(*pair, SPACING, 3.0).nsd_tolerance_mm == 3.0


def speckled(rng: np.random.Generator) -> np.ndarray:
    """A block with a rough surface and holes."""
    block = np.zeros((16, 18, 20))
    block[4:12, 4:14, 5:15] = 1
    return (block + rng.normal(0, 0.05, block.shape) > 0.5) & (rng.random(block.shape) > 0.02)


def ball(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> np.ndarray:
    """An ellipsoid, in voxels."""
    places = np.indices((16, 18, 20)).T - np.array(centre)
    return np.asarray(((places / radii) ** 2).sum(-1).T <= 1.0)


def tube(radius: float, bend: float) -> np.ndarray:
    """A bent tube of the thickness of a vessel along k."""
    k, j, i = np.indices((16, 18, 20))
    return np.asarray((j - 9 - bend * np.sin(k / 4)) ** 2 + (i - 10) ** 2 <= radius**2)


def sheet(slice_: int) -> np.ndarray:
    """One slice thick."""
    mask = np.zeros((16, 18, 20), bool)
    mask[slice_, 3:15, 4:17] = True
    return mask


SHAPES = {
    "rough block": lambda rng: (one := speckled(rng), np.roll(one, (1, 2, -1), (0, 1, 2))),
    "balls": lambda rng: (ball((8, 9, 10), (4, 6, 6)), ball((8.5, 8, 11), (5, 5, 7))),
    "bent tubes": lambda rng: (tube(2.5, 1.0), tube(1.8, 3.0)),
    "two parts and one": lambda rng: (
        ball((4, 5, 5), (2, 3, 3)) | ball((11, 12, 14), (2, 3, 3)),
        ball((4, 6, 5), (2, 3, 3)),
    ),
    "sheets": lambda rng: (sheet(5), sheet(7)),
    "one voxel": lambda rng: (ball((8, 9, 10), (0.5, 0.5, 0.5)), ball((8, 9, 10), (3, 3, 3))),
    "at the border": lambda rng: (ball((0, 0, 0), (5, 6, 7)), ball((0, 1, 0), (6, 6, 6))),
}
PLACES = ((1.0, 1.0, 1.0), SPACING, (5.0, 0.7, 0.7), (0.4, 0.9, 2.5))


@pytest.mark.parametrize("spacing", PLACES, ids=str)
@pytest.mark.parametrize("name", SHAPES)
def test_surface_figures_agree_with_monai(name, spacing):
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice
    from torch import from_numpy

    one, other = SHAPES[name](np.random.default_rng(3))
    batch = [from_numpy(np.stack([~mask, mask])[None].astype(np.float32)) for mask in (one, other)]
    hd95 = compute_hausdorff_distance(*batch, percentile=95, spacing=list(spacing))
    assert compare_masks(one, other, spacing).hd95_mm == pytest.approx(float(hd95), rel=1e-4)
    for tolerance in (0.5, 2.0, 3.7):
        nsd = compute_surface_dice(*batch, class_thresholds=[tolerance], spacing=list(spacing))
        assert compare_masks(one, other, spacing, tolerance).nsd == pytest.approx(float(nsd), abs=1e-6)


@pytest.mark.parametrize("spacing", PLACES, ids=str)
@pytest.mark.parametrize("name", SHAPES)
def test_surface_distances_agree_with_those_of_all_pairs(name, spacing):
    """Without a distance transform: every voxel with a free face, and its nearest one of the other mask."""
    one, other = SHAPES[name](np.random.default_rng(3))
    mine, theirs = (rim(mask) * np.array(spacing) for mask in (one, other))
    pairs = np.linalg.norm(mine[:, None] - theirs[None], axis=-1)
    there, back = pairs.min(axis=1), pairs.min(axis=0)
    figures = compare_masks(one, other, spacing, 1.9)
    assert figures.hd95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
    assert figures.nsd == pytest.approx(np.mean(np.concatenate([there, back]) <= 1.9))


def rim(mask: np.ndarray) -> np.ndarray:
    """Indices of the voxels of which a neighbour over a face is not in the mask."""
    framed = np.pad(mask, 1)
    inside = np.logical_and.reduce([np.roll(framed, step, axis) for axis in range(3) for step in (-1, 1)])
    return np.argwhere(mask & ~inside[1:-1, 1:-1, 1:-1])


def test_both_empty_is_undefined_and_not_perfect():
    figures = compare_masks(EMPTY, EMPTY, SPACING)
    assert (figures.dice, figures.iou, figures.nsd, figures.hd95_mm) == (None, None, None, None)
    assert figures.volume_error_ml == 0.0


@pytest.mark.parametrize("swap", [False, True])
def test_one_empty_is_zero_overlap_without_a_distance(swap):
    pair = (EMPTY, cube((4, 4, 4)))
    prediction, truth = pair[::-1] if swap else pair
    figures = compare_masks(prediction, truth, SPACING)
    assert (figures.dice, figures.iou, figures.nsd, figures.hd95_mm) == (0.0, 0.0, 0.0, None)
    assert figures.volume_error_ml == pytest.approx(216 * 6 / 1000 * (1 if swap else -1))
    assert figures.volume_error_relative == (None if swap else -1.0)


def test_dice_alone_agrees():
    assert dice(cube((4, 4, 4)), cube((5, 4, 4))) == pytest.approx(5 / 6)
    assert dice(EMPTY, EMPTY) is None
