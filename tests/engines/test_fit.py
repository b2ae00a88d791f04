"""What a model marks in its own frame lies at the same place of the patient on the volume's grid."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medseg_app.core.box import Box
from medseg_app.core.errors import GeometryError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.engines.fit import Fit, fit_volume
from medseg_app.engines.model_card import ModelGrid
from medseg_app.engines.resampling import AxisSampling
from medseg_app.engines.slab_labeller import SlabLabeller

from .grids import CENTRE, GRIDS, RADII, centroid, ellipsoid, voxel_positions
from .whole_grid import laid_out

WANTED = {
    "isotropic": ModelGrid("SPL", (2.0, 2.0, 2.0)),
    "coarse": ModelGrid("SPL", (3.0, 4.0, 4.0)),
    "turned": ModelGrid("RSA", (2.0, 1.0, 3.0)),
    "own axes": ModelGrid("", (3.0, 1.5, 1.5)),
    "untouched": ModelGrid("SPL"),
}


def _label(fit: Fit, image: np.ndarray, slab: int = 5) -> np.ndarray:
    """Labels from a perfect model that gives the image itself as probability of class 3."""
    labeller = SlabLabeller(fit, [3], keep_confidence=False)
    for k in range(0, image.shape[0], slab):
        part = image[k : k + slab]
        labeller.add(torch.from_numpy(np.stack([1 - part, part]).astype(np.float32)))
    return laid_out(labeller.labels(), labeller, fit)


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("name", GRIDS)
def test_a_known_object_comes_back_within_half_a_model_voxel(name: str, wanted: str) -> None:
    geometry, model_grid = GRIDS[name], WANTED[wanted]
    image = ellipsoid(geometry)
    fit = fit_volume(geometry, model_grid)
    labels = _label(fit, fit.image(image))
    truth = image > 0.5
    assert labels.shape == geometry.shape
    step = np.max(model_grid.spacing_mm or (0.0,)) if fit.is_resampled else 0.0
    coarser = max(step, *geometry.spacing_kji) if fit.is_resampled else 0.0
    assert np.linalg.norm(centroid(labels == 3, geometry) - centroid(truth, geometry)) <= 0.1 * coarser
    outside = (labels == 3) & (_surface_distance_mm(geometry) > step / 2 + 1e-6)
    missing = (labels == 0) & (_surface_distance_mm(geometry) < -step / 2 - 1e-6)
    if name not in ("single slice", "coarse"):
        assert not outside.any()
        assert not missing.any()


def _surface_distance_mm(geometry: VolumeGeometry) -> np.ndarray:
    """Distance to the true surface in mm along the ray from the centre, negative inside."""
    offset = voxel_positions(geometry) - CENTRE
    ratio = np.linalg.norm(offset / RADII, axis=-1)
    length = np.linalg.norm(offset, axis=-1)
    return length * (1 - 1 / np.maximum(ratio, 1e-9))


@pytest.mark.parametrize("name", GRIDS)
def test_the_model_sees_the_patient_the_same_way_round(name: str) -> None:
    geometry = GRIDS[name]
    fit = fit_volume(geometry, ModelGrid("SPL", (2.0, 2.0, 2.0)))
    x, y, z = np.moveaxis(voxel_positions(geometry), -1, 0)
    for axis, coordinate in enumerate((z, y, x)):
        seen = fit.image(coordinate.astype(np.float32))
        if seen.shape[axis] > 4:
            slope = np.diff(seen, axis=axis).mean() / 2.0
            assert slope > 0.7


@pytest.mark.parametrize("name", GRIDS)
def test_without_resampling_the_way_there_and_back_is_bit_exact(name: str) -> None:
    geometry = GRIDS[name]
    voxels = np.random.default_rng(1).integers(-1000, 1000, geometry.shape).astype(np.int16)
    fit = fit_volume(geometry, ModelGrid("PRI"))
    there = fit.image(voxels)
    assert there.dtype == np.int16
    assert np.shares_memory(there, voxels)
    np.testing.assert_array_equal(fit.turned_back(there), voxels)
    np.testing.assert_array_equal(_label(fit, (there > 0).astype(np.float32)) == 3, voxels > 0)


@pytest.mark.parametrize("name", GRIDS)
def test_a_box_turns_with_its_voxels(name: str) -> None:
    geometry = GRIDS[name]
    fit = fit_volume(geometry, ModelGrid("IRP"))
    marked = np.zeros(fit.turned_shape, bool)
    box = Box.of((0, 1, 2), np.minimum((1, 9, 7), fit.turned_shape))
    marked[box.slices] = True
    assert Box.around(fit.turned_back(marked)) == fit.turned_back_box(box)


@pytest.mark.parametrize("wanted", ["isotropic", "coarse"])
def test_labels_are_the_likeliest_class_of_interpolated_probabilities(wanted: str) -> None:
    geometry = GRIDS["oblique"]
    fit = fit_volume(geometry, WANTED[wanted])
    rng = np.random.default_rng(6)
    chances = rng.dirichlet([0.4, 0.3, 0.3], fit.model_shape).transpose(3, 0, 1, 2).astype(np.float32)
    chances[:, :4] = np.float32([0.9, 0.05, 0.05])[:, None, None, None]
    labeller = SlabLabeller(fit, [4, 9], keep_confidence=True)
    for k in range(0, fit.model_shape[0], 7):
        labeller.add(torch.from_numpy(chances[:, k : k + 7]))
    whole = chances.astype(np.float64)
    for axis, sampling in enumerate(fit.sampling, start=1):
        whole = np.moveaxis(np.tensordot(sampling.writing().toarray(), whole, (1, axis)), 0, axis)
    expected = fit.turned_back(np.array([0, 4, 9])[whole.argmax(axis=0)])
    labels = laid_out(labeller.labels(), labeller, fit)
    assert np.count_nonzero(labels != expected) <= 2  # float32 against float64
    sure = fit.turned_back(whole.max(axis=0)) * 255
    decided = labeller.confidence()
    assert decided is not None
    confidence = laid_out(decided, labeller, fit)
    np.testing.assert_allclose(confidence[expected > 0], sure[expected > 0], atol=0.6)
    means = {value: sure[expected == value].mean() / 255 for value in (4, 9)}
    assert labeller.mean_probabilities() == pytest.approx(means, abs=1e-4)


def test_spacing_within_the_range_of_the_card_is_kept() -> None:
    keep = ((2.0, 3.0), (1.0, 2.0), (1.0, 2.0))
    assert not fit_volume(GRIDS["axial"], ModelGrid("SPL", (3.0, 2.0, 2.0), keep)).is_resampled
    fit = fit_volume(GRIDS["anisotropic"], ModelGrid("SPL", (3.0, 2.0, 2.0), keep))
    assert fit.model_shape == (24, 32, 60)


def test_fine_stripes_are_averaged_not_aliased() -> None:
    stripes = np.tile(np.float32([0, 100]), 60)
    reading = AxisSampling.at_spacing(120, 1.0, 4.0).reading()
    np.testing.assert_allclose((reading @ stripes)[1:-1], 50, atol=0.5)


@pytest.mark.parametrize("wanted", [0.4, 1.0, 3.7])
def test_a_constant_stays_constant(wanted: float) -> None:
    axis = AxisSampling.at_spacing(37, 1.0, wanted)
    for matrix in (axis.reading(), axis.writing()):
        np.testing.assert_allclose(matrix @ np.full(matrix.shape[1], 7, np.float32), 7, rtol=1e-6)


def test_uneven_slices_are_refused() -> None:
    origins = np.array([[0, 0, z] for z in (0, 2, 4, 8, 10)], float)
    geometry = VolumeGeometry.from_slices((5, 8, 8), [1, 0, 0], [0, 1, 0], origins)
    with pytest.raises(GeometryError, match="not evenly spaced"):
        fit_volume(geometry, ModelGrid())


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("name", GRIDS)
def test_the_nearest_sample_lies_nearest_in_the_patient(name: str, wanted: str) -> None:
    geometry = GRIDS[name]
    fit = fit_volume(geometry, WANTED[wanted])
    samples = np.stack([fit.image(axis.astype(np.float32)) for axis in np.indices(geometry.shape)], axis=-1)
    for share in np.random.default_rng(2).uniform(0.1, 0.9, (5, 3)):
        index = share * (np.array(geometry.shape) - 1)
        distance = np.abs(samples - index).sum(axis=-1)
        # Reading averages over voxels, so that where a sample lies is known to a part of a voxel only.
        assert distance[fit.nearest_sample(index)] <= distance.min() + 0.5
    assert fit.nearest_sample((-1e4, -1e4, -1e4)) in set(np.ndindex(*fit.model_shape))
