from __future__ import annotations

import numpy as np
import pytest

from medseg_app.core.volume import Volume
from medseg_app.phantom import marker_phantom
from medseg_app.phantom.irregular import duplicate_slice, gantry_tilt, missing_slice, uneven_gaps
from medseg_app.phantom.mixed import localizers_in_series
from medseg_app.phantom.reformat import as_coronal, as_sagittal, with_negated_columns


@pytest.mark.parametrize("turned", [as_coronal, as_sagittal, with_negated_columns])
@pytest.mark.parametrize("orientation", ["axial", "oblique"])
def test_another_acquisition_keeps_every_voxel_in_its_place(turned, orientation: str) -> None:
    volume = marker_phantom(orientation)[0]
    other: Volume = turned(volume)
    assert np.linalg.det(other.geometry.direction_kji[:, ::-1]) == pytest.approx(1)
    rng = np.random.default_rng(1)
    for index in rng.integers(0, other.geometry.shape, (50, 3)):
        source = volume.geometry.nearest_voxel(other.geometry.to_patient(index))
        assert source is not None
        assert other.voxels[tuple(index)] == volume.voxels[source]


def test_coronal_and_sagittal_face_the_right_way() -> None:
    volume = marker_phantom()[0]
    assert as_coronal(volume).geometry.normal == pytest.approx((0, 1, 0))
    assert as_sagittal(volume).geometry.normal == pytest.approx((-1, 0, 0))
    assert with_negated_columns(volume).geometry.j_step == pytest.approx((0, -1.5, 0))


def test_irregular_variants_are_irregular_in_the_way_they_say() -> None:
    volume = marker_phantom()[0]
    lost = missing_slice(volume)[0].volume.geometry
    assert sorted(lost.gaps_mm.round(3))[-2:] == pytest.approx([2.5, 5.0])
    twice = duplicate_slice(volume)[0].volume.geometry
    assert (np.abs(twice.gaps_mm) < 1e-6).sum() == 1
    assert set(uneven_gaps(volume)[0].volume.geometry.gaps_mm.round(3)) == {2.5, 3.333}
    tilted = gantry_tilt(volume, 20)[0].volume.geometry
    assert tilted.is_regular
    assert tilted.is_sheared
    assert tilted.gaps_mm == pytest.approx(2.5)


def test_localizers_show_three_orientations_around_the_volume() -> None:
    volume = marker_phantom()[0]
    views = [s.volume for s in localizers_in_series(volume)[1:]]
    assert len({tuple(np.abs(v.geometry.normal).round(3)) for v in views}) == 3
    middle = volume.geometry.to_patient((np.array(volume.geometry.shape) - 1) / 2)
    for view in views:
        own = view.geometry.to_patient((np.array(view.geometry.shape) - 1) / 2)
        assert np.abs(own - middle).max() < 2.6
