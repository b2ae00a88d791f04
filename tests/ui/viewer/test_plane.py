"""ViewPlane: view mm, voxel index and patient mm agree on every kind of grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg_app.core.box import Box
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.ui.viewer.plane import ViewPlane, planes_of

from .conftest import SHAPE, oblique_affine

small = st.floats(-25, 25)
AXIAL, CORONAL, SAGITTAL = "axial", "coronal", "sagittal"
RADIOLOGICAL = {
    AXIAL: ((1, 0, 0), (0, 1, 0)),
    CORONAL: ((1, 0, 0), (0, 0, -1)),
    SAGITTAL: ((0, 1, 0), (0, 0, -1)),
}


def permuted(
    order: tuple[int, int, int], signs: tuple[int, int, int], about_x: float, about_z: float
) -> VolumeGeometry:
    """An oblique grid whose array axes run along any patient axes, either way."""
    affine = oblique_affine(about_x, about_z)
    columns = affine[:3, :3][:, list(order)] * signs
    affine[:3, :3] = columns
    return VolumeGeometry.regular(SHAPE, affine)


@given(st.permutations(range(3)), st.tuples(*[st.sampled_from([-1, 1])] * 3), small, small)
def test_every_orientation_is_shown_as_radiologists_expect(order, signs, about_x, about_z) -> None:
    for name, plane in planes_of(permuted(tuple(order), signs, about_x, about_z)).items():
        right, down = RADIOLOGICAL[name]
        assert plane.right @ right > 0.7
        assert plane.down @ down > 0.7
        assert abs(plane.right @ plane.down) < 1e-9
    assert (
        len({plane.axis for plane in planes_of(permuted(tuple(order), signs, about_x, about_z)).values()})
        == 3
    )


@given(st.permutations(range(3)), st.tuples(*[st.sampled_from([-1, 1])] * 3), small, small, st.randoms())
def test_view_and_patient_positions_are_inverse(order, signs, about_x, about_z, random) -> None:
    geometry = permuted(tuple(order), signs, about_x, about_z)
    for plane in planes_of(geometry).values():
        number = random.randrange(plane.slices)
        view = np.array([[random.uniform(-80, 80), random.uniform(-80, 80)] for _ in range(4)])
        position = plane.to_patient(view, number)
        back, slices = plane.from_patient(position)
        np.testing.assert_allclose(back, view, atol=1e-8)
        np.testing.assert_allclose(slices, number, atol=1e-8)
        # Distances on the screen are distances in the patient.
        np.testing.assert_allclose(
            np.linalg.norm(position[0] - position[1]), np.linalg.norm(view[0] - view[1]), atol=1e-8
        )


def tilted() -> VolumeGeometry:
    origins = np.arange(12)[:, None] * np.array([0.0, 1.1, 3.0])
    return VolumeGeometry.from_slices((12, 20, 18), (1.2, 0, 0), (0, 1.5, 0), origins)


def gappy() -> VolumeGeometry:
    heights = np.array([0, 3, 6, 12, 15, 18.0])
    return VolumeGeometry.from_slices(
        (6, 20, 18), (1.2, 0, 0), (0, 1.5, 0), heights[:, None] * np.array([0, 0, 1.0])
    )


@pytest.mark.parametrize("geometry", [tilted(), gappy()], ids=["tilt", "gap"])
def test_tilted_and_uneven_slices_lie_where_they_are(geometry: VolumeGeometry) -> None:
    index = np.array([[2, 5, 7], [4, 5, 7], [4, 9, 1]])
    for plane in planes_of(geometry).values():
        for one in index:
            position = geometry.to_patient(one)
            np.testing.assert_allclose(
                plane.to_patient(plane.to_view(one), one[plane.axis]), position, atol=1e-9
            )
        first, second = (plane.to_view(one) for one in index[:2])
        if plane.axis != 0:
            apart = np.linalg.norm(geometry.origins[4] - geometry.origins[2])
            np.testing.assert_allclose(np.linalg.norm(second - first), apart)


def test_a_missing_slice_leaves_a_hole_in_the_picture() -> None:
    plane = planes_of(gappy())[CORONAL]
    corners, texture = plane.mesh
    assert plane.has_gaps
    assert len(corners) == 6 * 6  # one strip of two triangles per slice
    heights = -corners[:, 1].reshape(6, 6)
    for strip, centre in zip(heights, [0, 3, 6, 12, 15, 18], strict=True):
        assert strip.min() == pytest.approx(centre - 1.5)
        assert strip.max() == pytest.approx(centre + 1.5)
    assert texture.min() == 0
    assert texture.max() == 1


def test_even_slices_are_one_rectangle_of_the_right_size() -> None:
    for plane in planes_of(VolumeGeometry.regular(SHAPE, oblique_affine())).values():
        left, top, right, bottom = plane.extent
        spacing = plane.geometry.spacing_kji
        assert len(plane.mesh[0]) == 6
        assert right - left == pytest.approx(spacing[plane.horizontal] * plane.shape[1], rel=1e-5)
        assert bottom - top == pytest.approx(spacing[plane.vertical] * plane.shape[0], rel=1e-5)


def test_cut_gives_the_voxels_of_the_slice() -> None:
    array = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    geometry = permuted((2, 0, 1), (1, -1, 1), 5, 5)
    for plane in planes_of(geometry).values():
        cut = plane.cut(array, 3)
        assert cut.shape == plane.shape
        index = [0, 0, 0]
        index[plane.axis], index[plane.vertical], index[plane.horizontal] = 3, 5, 7
        assert cut[5, 7] == array[tuple(index)]


def test_cut_box_is_none_where_the_slice_does_not_meet_the_box() -> None:
    plane: ViewPlane = planes_of(VolumeGeometry.regular(SHAPE, oblique_affine()))[AXIAL]
    box = Box((2, 3, 4), (5, 8, 10))
    assert plane.cut_box(box, 4) == (slice(3, 8), slice(4, 10))
    assert plane.cut_box(box, 5) is None
    assert plane.cut_box(Box((2, 3, 4), (2, 3, 4)), 2) is None
