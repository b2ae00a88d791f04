from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import binary_erosion, center_of_mass, label

from medseg_app.core.segment import Segment
from medseg_app.phantom import Phantom, make_phantom
from medseg_app.phantom.grid import Grid


@pytest.fixture(scope="module", params=[3, 41])
def phantom(request: pytest.FixtureRequest) -> Phantom:
    return make_phantom(request.param)


def _organ(phantom: Phantom, name: str) -> Segment:
    return next(s for s in phantom.truth.segments if s.name == name)


def _interior_mean(phantom: Phantom, name: str) -> float:
    mask = binary_erosion(phantom.truth.mask(_organ(phantom, name)))
    mask &= phantom.truth.layers[1] == 0
    return float(phantom.volume.voxels[mask].mean())


def _centre_mm(phantom: Phantom, name: str) -> np.ndarray:
    index = center_of_mass(phantom.truth.mask(_organ(phantom, name)))
    return phantom.volume.geometry.to_patient(np.array(index))


def test_the_same_seed_gives_the_same_patient_and_another_seed_another_one() -> None:
    first, again, other = make_phantom(5), make_phantom(5), make_phantom(6)
    assert np.array_equal(first.volume.voxels, again.volume.voxels)
    assert all(np.array_equal(a, b) for a, b in zip(first.truth.layers, again.truth.layers, strict=True))
    assert np.abs(first.volume.voxels - other.volume.voxels).mean() > 20


def test_the_grid_is_oblique_anisotropic_and_not_square(phantom: Phantom) -> None:
    geometry = phantom.volume.geometry
    assert geometry.is_regular
    assert not geometry.is_sheared
    assert geometry.shape[1] != geometry.shape[2]
    assert len({round(s, 2) for s in geometry.spacing_kji}) == 3
    assert np.abs(geometry.direction_kji[:, ::-1] - np.eye(3)).max() > 0.04


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("Liver", 90, 140),
        ("Left kidney", 120, 210),
        ("Spine", 120, 420),
        ("Lungs", -900, -700),
        ("Spleen", 95, 150),
    ],
)
def test_tissues_have_the_densities_of_a_portal_venous_ct(
    phantom: Phantom, name: str, lowest: float, highest: float
) -> None:
    assert lowest < _interior_mean(phantom, name) < highest


def test_organs_lie_on_their_sides_of_the_patient(phantom: Phantom) -> None:
    assert _centre_mm(phantom, "Liver")[0] < -20
    assert _centre_mm(phantom, "Left kidney")[0] > 40
    assert _centre_mm(phantom, "Right kidney")[0] < -40
    assert _centre_mm(phantom, "Spleen")[0] > 60
    assert _centre_mm(phantom, "Spine")[1] > 30
    assert _centre_mm(phantom, "Lungs")[2] > _centre_mm(phantom, "Liver")[2]


def test_lesions_are_three_to_six_separate_things_darker_or_denser_than_their_organ(phantom: Phantom) -> None:
    lesions = phantom.truth.layers[1]
    assert 3 <= len(phantom.lesions) <= 6
    assert label(lesions > 0, np.ones((3, 3, 3)))[1] == len(phantom.lesions)
    hosts = {"liver": "Liver", "kidney": "Left kidney", "lung": "Lungs"}
    for lesion in phantom.lesions:
        inside = float(phantom.volume.voxels[lesions == lesion.value].mean())
        assert abs(inside - _interior_mean(phantom, hosts[lesion.site])) > 20


def test_a_lesion_is_as_large_as_it_says(phantom: Phantom) -> None:
    for lesion in phantom.lesions:
        voxels = int((phantom.truth.layers[1] == lesion.value).sum())
        measured = (6 * 1000 * voxels * phantom.volume.geometry.voxel_volume_ml / np.pi) ** (1 / 3)
        assert measured == pytest.approx(lesion.diameter_mm, rel=0.25)


def test_both_phases_show_one_anatomy() -> None:
    coarse = Grid(shape=(24, 110, 130), spacing_kji=(9.0, 3.0, 3.0))
    early, late = make_phantom(9, grid=coarse, phase="arterial"), make_phantom(9, grid=coarse)
    assert np.array_equal(early.truth.layers[0], late.truth.layers[0])
    assert np.array_equal(early.truth.layers[1], late.truth.layers[1])
    assert _interior_mean(early, "Liver") < _interior_mean(late, "Liver") - 15


def test_a_given_grid_is_kept() -> None:
    grid = Grid(shape=(12, 60, 70), spacing_kji=(9.0, 5.0, 5.0), about_x=20.0)
    geometry = make_phantom(4, grid=grid).volume.geometry
    assert geometry.shape == (12, 60, 70)
    assert geometry.spacing_kji == pytest.approx((9.0, 5.0, 5.0))
