"""The window that a series is first shown with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg_app.app.windows import AUTO, CT_WINDOWS, SOFT_TISSUE, first_window, window_of
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.volume import Volume

GEOMETRY = VolumeGeometry.regular((32, 120, 120), np.eye(4))
VOXELS = np.random.default_rng(0).integers(-1024, 3000, GEOMETRY.shape).astype(np.int16)
CT = Volume(VOXELS, GEOMETRY, "1.2", "CT")


def test_the_file_says_it_where_it_says_it() -> None:
    assert first_window(replace(CT, window=(55.0, 333.0))) == ((55.0, 333.0), "")


def test_a_ct_without_words_shows_soft_tissue() -> None:
    assert first_window(CT) == (CT_WINDOWS[SOFT_TISSUE], SOFT_TISSUE)


def test_other_images_show_most_of_their_values() -> None:
    mr = replace(CT, modality="MR")
    (centre, width), name = first_window(mr)
    assert name == AUTO
    assert (centre, width) == window_of(mr)
    low, high = np.percentile(VOXELS, (1, 99.5))
    assert centre == pytest.approx((low + high) / 2, abs=60)
    assert width == pytest.approx(high - low, abs=120)
