"""Index <-> patient on every kind of grid, against SimpleITK and against the definition."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_app.core.box import Box
from medseg_app.core.errors import GeometryError
from medseg_app.core.geometry import VolumeGeometry
from tests.core.grids import regular_grids, uneven_grids


def as_itk(geometry: VolumeGeometry) -> sitk.Image:
    image = sitk.Image([int(n) for n in geometry.shape[::-1]], sitk.sitkUInt8)
    image.SetOrigin(geometry.origins[0].tolist())
    image.SetSpacing([float(n) for n in geometry.spacing_kji[::-1]])
    image.SetDirection(geometry.direction_kji[:, ::-1].ravel().tolist())
    return image


indices = st.tuples(*[st.floats(-3, 12)] * 3)


@settings(max_examples=200, deadline=None)
@given(regular_grids(), indices)
def test_positions_are_those_of_simpleitk(geometry, index):
    image = as_itk(geometry)
    theirs = image.TransformContinuousIndexToPhysicalPoint([float(n) for n in index[::-1]])
    assert np.allclose(geometry.to_patient(index), theirs, atol=1e-6)
    back = image.TransformPhysicalPointToContinuousIndex([float(n) for n in geometry.to_patient(index)])
    assert np.allclose(geometry.to_index(geometry.to_patient(index)), back[::-1], atol=1e-6)


@settings(max_examples=200, deadline=None)
@given(st.one_of(regular_grids(), regular_grids(shear=True), uneven_grids()), indices)
def test_there_and_back(geometry, index):
    assert np.allclose(geometry.to_index(geometry.to_patient(index)), index, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(st.one_of(regular_grids(shear=True), uneven_grids()), st.data())
def test_every_voxel_lies_where_its_slice_says(geometry, data):
    k, j, i = (data.draw(st.integers(0, n - 1)) for n in geometry.shape)
    expected = geometry.origins[k] + j * geometry.j_step + i * geometry.i_step
    assert np.allclose(geometry.to_patient((k, j, i)), expected, atol=1e-9)
    assert geometry.nearest_voxel(expected) == (k, j, i)


@settings(max_examples=100, deadline=None)
@given(st.one_of(regular_grids(), uneven_grids()), st.data())
def test_a_crop_leaves_every_voxel_in_its_place(geometry, data):
    start = [data.draw(st.integers(0, n - 1)) for n in geometry.shape]
    stop = [data.draw(st.integers(a + 1, n)) for a, n in zip(start, geometry.shape, strict=True)]
    cropped = geometry.cropped(Box.of(start, stop))
    for index in (np.zeros(3), np.array(cropped.shape) - 1):
        assert np.allclose(cropped.to_patient(index), geometry.to_patient(index + start), atol=1e-8)


@settings(max_examples=100, deadline=None)
@given(st.one_of(regular_grids(), regular_grids(shear=True), uneven_grids()))
def test_numbers_survive_json_bit_for_bit(geometry):
    back = VolumeGeometry.from_json(json.loads(json.dumps(geometry.to_json())))
    for name in ("i_step", "j_step", "origins", "last_step"):
        assert np.array_equal(getattr(back, name), getattr(geometry, name))
    assert back.same_grid(geometry, 0.0)


@settings(max_examples=50, deadline=None)
@given(uneven_grids())
def test_uneven_slices_have_no_affine(geometry):
    if geometry.is_regular:  # equal gaps by chance, tilted all the same
        assert geometry.is_sheared
        return
    with pytest.raises(GeometryError, match="evenly"):
        _ = geometry.affine
    with pytest.raises(GeometryError):
        _ = geometry.voxel_volume_ml


def test_a_missing_slice_is_not_an_index():
    origins = np.array([[0, 0, z] for z in (0.0, 2.5, 7.5, 10.0)])
    geometry = VolumeGeometry.from_slices((4, 2, 2), (1, 0, 0), (0, 1, 0), origins)
    assert not geometry.is_regular
    assert geometry.spacing_kji[0] == 2.5
    assert geometry.to_index((0, 0, 5.0))[0] == pytest.approx(1.5)


def test_shear_is_seen_and_measured():
    affine = np.diag([2.0, 1.0, 1.0, 1.0])[:, [2, 1, 0, 3]]
    affine[1, 0] = 0.5
    geometry = VolumeGeometry.regular((5, 4, 4), affine)
    assert geometry.is_sheared
    assert geometry.is_regular
    assert not VolumeGeometry.regular((5, 4, 4), np.eye(4)).is_sheared


@pytest.mark.parametrize(
    "change", [{"i_step": (0, 0, 0)}, {"i_step": (0, 1, 0)}, {"origins": np.zeros((2, 3))}]
)
def test_impossible_grids_are_refused(change):
    good = {"i_step": (1, 0, 0), "j_step": (0, 1, 0), "origins": np.zeros((1, 3))}
    with pytest.raises(GeometryError):
        VolumeGeometry.from_slices((1, 2, 2), **(good | change))


def test_same_grid_sees_a_hundredth_of_a_millimetre_at_the_far_corner():
    affine = np.eye(4)
    first = VolumeGeometry.regular((10, 500, 500), affine)
    affine[0, 2] += 0.01 / 499
    second = VolumeGeometry.regular((10, 500, 500), affine)
    assert first.same_grid(second, 0.02)
    assert not first.same_grid(second, 0.005)
