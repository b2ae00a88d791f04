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


def test_figures_agree_with_monai():
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice
    from torch import from_numpy

    rng = np.random.default_rng(3)
    blob = np.zeros((16, 18, 20))
    blob[4:12, 4:14, 5:15] = 1
    one = (blob + rng.normal(0, 0.05, blob.shape) > 0.5) & (rng.random(blob.shape) > 0.02)
    other = np.roll(one, (1, 2, -1), (0, 1, 2))
    figures = compare_masks(one, other, SPACING)
    batch = [from_numpy(np.stack([~mask, mask])[None].astype(np.float32)) for mask in (one, other)]
    hd95 = compute_hausdorff_distance(*batch, percentile=95, spacing=list(SPACING))
    nsd = compute_surface_dice(*batch, class_thresholds=[2.0], spacing=list(SPACING))
    assert figures.hd95_mm == pytest.approx(float(hd95), rel=1e-4)
    assert figures.nsd == pytest.approx(float(nsd), rel=1e-4)


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
