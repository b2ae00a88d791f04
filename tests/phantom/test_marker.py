from __future__ import annotations

import itertools

import numpy as np
import pytest

from medseg_app.phantom.marker import AXES, ORIGIN_LPS, SPACING_KJI, marker_phantom


@pytest.mark.parametrize("orientation", AXES)
def test_steps_and_origin_are_those_of_the_marker(orientation: str) -> None:
    geometry = marker_phantom(orientation)[0].geometry
    rows, columns = AXES[orientation]
    assert geometry.shape == (12, 48, 64)
    assert geometry.spacing_kji == pytest.approx(SPACING_KJI)
    assert geometry.to_patient((0, 0, 0)) == pytest.approx(ORIGIN_LPS)
    assert geometry.to_patient((0, 0, 1)) - ORIGIN_LPS == pytest.approx(0.7 * np.array(rows))
    assert geometry.to_patient((0, 1, 0)) - ORIGIN_LPS == pytest.approx(1.5 * np.array(columns))
    assert np.linalg.det(geometry.direction_kji[:, ::-1]) == pytest.approx(1)


def test_no_flip_or_shift_of_any_axes_leaves_the_labels_as_they_are() -> None:
    labels = marker_phantom()[1].layers[0]
    for count in (1, 2, 3):
        for axes in itertools.combinations(range(3), count):
            flipped = np.flip(labels, axes)
            for value in range(1, 5):
                assert not np.array_equal(flipped == value, labels == value)
    for axis in range(3):
        assert not np.array_equal(np.roll(labels, 1, axis), labels)


def test_every_voxel_outside_the_blocks_has_neighbours_of_other_values() -> None:
    voxels, labels = marker_phantom()[0].voxels, marker_phantom()[1].layers[0]
    for axis in range(3):
        steps = np.diff(voxels.astype(int), axis=axis)
        free = (
            np.maximum(
                labels.take(range(1, labels.shape[axis]), axis),
                labels.take(range(labels.shape[axis] - 1), axis),
            )
            == 0
        )
        assert (steps[free] != 0).all()
