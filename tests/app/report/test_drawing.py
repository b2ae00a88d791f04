"""The picture: size, scale, and where the lines run."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from medseg_app.app.report.cut_out import CutOut
from medseg_app.app.report.drawing import LONGEST_PX, PREDICTION, TRUTH, draw


def mask(rows: slice, columns: slice, shape=(40, 44)) -> np.ndarray:
    plane = np.zeros(shape, bool)
    plane[rows, columns] = True
    return plane


def picture(truths=(), predictions=(), image=None, spacing=(1.0, 1.0)) -> np.ndarray:
    drawn = draw(CutOut(1, 5, 10, image, tuple(truths), tuple(predictions), spacing))
    opened = Image.open(io.BytesIO(drawn))
    assert opened.format == "PNG"
    return np.asarray(opened)


def test_millimetres_have_one_length_in_both_directions():
    drawn = picture([mask(slice(10, 20), slice(10, 20))], spacing=(3.0, 1.0))
    assert drawn.shape == (LONGEST_PX, round(44 * LONGEST_PX / 120), 3)


def test_the_truth_is_lined_inside_and_the_prediction_outside():
    square = mask(slice(10, 20), slice(10, 20))
    drawn = picture([square], [square], np.zeros((40, 44), np.uint8))
    scale = LONGEST_PX // 44
    blue, orange = (drawn == TRUTH).all(-1), (drawn == PREDICTION).all(-1)
    inside = np.kron(square, np.ones((scale, scale), bool))
    assert blue.any()
    assert orange.any()
    assert not (blue & ~inside).any()
    assert not (orange & inside).any()
    assert not blue[15 * scale, 15 * scale]
    rows, _ = np.nonzero(orange)
    assert (rows.min(), rows.max()) == (10 * scale - 2, 20 * scale + 1)


def test_the_image_stays_grey_away_from_the_lines():
    image = np.tile(np.linspace(0, 255, 44).astype(np.uint8), (40, 1))
    drawn = picture([mask(slice(1, 4), slice(1, 4))], image=image)
    away = drawn[100:]
    assert (away[..., 0] == away[..., 1]).all()
    assert (np.diff(away[0, :, 0].astype(int)) >= 0).all()


def test_without_an_image_masks_are_tinted():
    drawn = picture([mask(slice(10, 20), slice(10, 20))])
    inside, outside = drawn[150, 150], drawn[5, 5]
    assert inside[2] > outside[2] + 30


@pytest.mark.parametrize("side", ["truths", "predictions"])
def test_one_side_alone_is_drawn(side):
    drawn = picture(**{side: [mask(slice(10, 20), slice(10, 20))]})
    colour, other = (TRUTH, PREDICTION) if side == "truths" else (PREDICTION, TRUTH)
    assert (drawn == colour).all(-1).any()
    assert not (drawn == other).all(-1).any()
