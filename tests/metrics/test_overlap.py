"""Figures of two masks against hand-made cases, all pairs of surface points, and SimpleITK."""

from __future__ import annotations

import json
import warnings

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


@pytest.mark.parametrize("axis", range(3))
def test_a_row_against_its_first_voxel(axis):
    """Eleven voxels in a row lie 0, 1 ... 10 steps away: 95 % are within 9.5 steps, three within 2."""
    row, voxel = np.zeros((2, 16, 18, 20), bool)
    voxel[2, 2, 2] = True
    row[tuple(slice(2, 13) if n == axis else 2 for n in range(3))] = True
    step = SPACING[axis]
    for pair in ((row, voxel), (voxel, row)):
        figures = compare_masks(*pair, SPACING, 2 * step)
        assert figures.dice == pytest.approx(2 / 12)
        assert figures.iou == pytest.approx(1 / 11)
        assert figures.hd95_mm == pytest.approx(9.5 * step)
        assert figures.nsd == pytest.approx((3 + 1) / (11 + 1))


def test_a_surface_at_the_tolerance_is_near_though_its_distance_is_rounded():
    """3 x 0.1 is a little more than 0.3 to a computer."""
    pair = np.roll(cube((4, 4, 4)), 3, 2), cube((4, 4, 4))
    assert compare_masks(*pair, (1.0, 1.0, 0.1), 0.3).nsd == 1.0
    assert compare_masks(*pair, (1.0, 1.0, 0.1), 0.29).nsd < 1.0


def test_beyond_the_array_is_outside():
    """The whole array has a surface of 56 voxels, and of the slice in its middle every voxel is surface."""
    whole, slice_ = np.ones((4, 4, 4), bool), np.zeros((4, 4, 4), bool)
    slice_[2] = True
    assert compare_masks(whole, whole, SPACING).nsd == 1.0
    figures = compare_masks(slice_, whole, SPACING, 0.0)
    # On the rim of the slice lie 12 of its 16 voxels, which are those of the array's surface, too.
    assert figures.nsd == pytest.approx((12 + 12) / (16 + 56))


def test_an_image_may_be_one_slice():
    mask, moved = np.zeros((2, 1, 18, 20), bool)
    mask[0, 4:10, 4:10] = moved[0, 4:10, 6:12] = True
    figures = compare_masks(mask, moved, SPACING)
    assert (figures.dice, figures.hd95_mm) == (pytest.approx(4 / 6), 4.0)


def test_figures_of_many_voxels_are_exact():
    """float32 has no odd numbers above 2^24 = 16 777 216."""
    mask, truth = np.zeros((2, 300, 240, 256), bool)
    truth[:290], mask[:299] = True, True
    truth[0, 0, 0] = False
    true, predicted = 290 * 240 * 256 - 1, 299 * 240 * 256
    assert true > 17_000_000
    figures = compare_masks(mask, truth, (1.0, 1.0, 1.0))
    assert figures.dice == dice(mask, truth) == 2 * true / (true + predicted)
    assert figures.iou == true / predicted
    assert figures.truth_volume_ml == pytest.approx(true / 1000, rel=1e-12)


@pytest.mark.parametrize("pair", ["both", "no truth", "no prediction", "nothing"])
def test_nobody_is_warned_and_no_figure_is_nan(pair):
    truth = EMPTY.copy() if pair in ("no truth", "nothing") else cube((4, 4, 4))
    mask = EMPTY.copy() if pair in ("no prediction", "nothing") else cube((5, 4, 4))
    for one in (mask, truth):
        one.setflags(write=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        json.dumps(compare_masks(mask, truth, SPACING).to_json(), allow_nan=False)
        dice(mask, truth)


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
def test_surface_figures_agree_with_simpleitk(name, spacing):
    """By its contours and its distance maps."""
    one, other = SHAPES[name](np.random.default_rng(3))
    mine, theirs = contour(one, spacing), contour(other, spacing)
    there, back = distances(mine, theirs), distances(theirs, mine)
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    assert compare_masks(one, other, spacing).hd95_mm == pytest.approx(hd95)
    for tolerance in (0.5, 2.0, 3.7):
        near = np.mean(np.concatenate([there, back]) <= tolerance)
        assert compare_masks(one, other, spacing, tolerance).nsd == pytest.approx(near)


@pytest.mark.parametrize("name", SHAPES)
def test_overlap_agrees_with_simpleitk(name):
    import SimpleITK

    one, other = SHAPES[name](np.random.default_rng(3))
    judge = SimpleITK.LabelOverlapMeasuresImageFilter()
    judge.Execute(*(SimpleITK.GetImageFromArray(mask.astype(np.uint8)) for mask in (one, other)))
    figures = compare_masks(one, other, SPACING)
    assert figures.dice == pytest.approx(judge.GetDiceCoefficient(), rel=1e-12)
    assert figures.iou == pytest.approx(judge.GetJaccardCoefficient(), rel=1e-12)
    assert dice(one, other) == figures.dice


def contour(mask: np.ndarray, spacing: tuple[float, float, float]):
    """The voxels with a free face, as an image with a frame of background."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.pad(mask, 1).astype(np.uint8))
    image.SetSpacing(spacing[::-1])
    return SimpleITK.LabelContour(image, fullyConnected=False)


def distances(surface, other) -> np.ndarray:
    """Of each voxel of a contour from the nearest of another, in mm."""
    import SimpleITK

    away = SimpleITK.SignedMaurerDistanceMap(
        other, insideIsPositive=False, squaredDistance=False, useImageSpacing=True
    )
    mm = np.maximum(SimpleITK.GetArrayViewFromImage(away), 0.0)
    return mm[SimpleITK.GetArrayViewFromImage(surface) > 0].astype(np.float64)


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
    assert dice(cube((4, 4, 4)), EMPTY) == dice(EMPTY, cube((4, 4, 4))) == 0.0
