"""A mask from elsewhere lands on the open volume by where it is in the patient, never by its array."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from medseg_app.core.box import Box
from medseg_app.core.errors import InputError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume
from medseg_app.io.formats import export_labels, import_labels
from medseg_app.io.regrid import place

from .made_labels import labels_on
from .made_series import EVEN, grids, make_series


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return make_series(tmp_path / "series", grids()["oblique"])


@pytest.mark.parametrize("axes", [(2, 1, 0), (1, 0, 2), (0, 2, 1)])
@pytest.mark.parametrize("flips", [(), (0,), (1, 2), (0, 1, 2)])
def test_reordered_and_flipped_masks_land_in_place(
    tmp_path: Path, volume: Volume, axes: tuple[int, ...], flips: tuple[int, ...]
) -> None:
    labels = labels_on(volume.geometry)
    export_labels(labels, volume, tmp_path / "plain.nii.gz")
    image = sitk.PermuteAxes(sitk.ReadImage(str(tmp_path / "plain.nii.gz")), list(axes))
    image = sitk.Flip(image, [axis in flips for axis in range(3)])
    sitk.WriteImage(image, str(tmp_path / "other.nii.gz"))
    remarks: list[str] = []
    back = import_labels(tmp_path / "other.nii.gz", volume, remarks.append)
    assert remarks == []
    np.testing.assert_array_equal(back.layers[0], labels.layers[0])


def test_a_cropped_mask_lands_in_place(tmp_path: Path, volume: Volume) -> None:
    labels = labels_on(volume.geometry)
    box = Box((0, 2, 1), (6, 18, 20))
    part = LabelMap((labels.layers[0][box.slices],), volume.geometry.cropped(box), labels.segments)
    placed = place(part, volume.geometry)
    assert (placed.exact, placed.outside) == (True, 0)
    expected = np.zeros_like(labels.layers[0])
    expected[box.slices] = labels.layers[0][box.slices]
    np.testing.assert_array_equal(placed.label_map.layers[0], expected)


def test_another_grid_takes_the_nearest_label_and_says_so(tmp_path: Path, volume: Volume) -> None:
    step = 0.5 * volume.geometry.affine[:3, :3]
    affine = volume.geometry.affine.copy()
    affine[:3, :3] = step
    k, j, i = (2 * n for n in volume.geometry.shape)
    fine = VolumeGeometry.regular((k, j, i), affine)
    layer = np.zeros(fine.shape, np.uint8)
    layer[4:12, 10:20, 6:30] = 1
    part = LabelMap((layer,), fine, (Segment(1, "a", 1),))
    ball = Volume(np.zeros(fine.shape, np.int16), fine, "fine", source=volume.source)
    export_labels(part, ball, tmp_path / "fine.nii.gz")
    remarks: list[str] = []
    back = import_labels(tmp_path / "fine.nii.gz", volume, remarks.append)
    assert remarks == ["fine.nii.gz has another grid; each voxel took the nearest label."]
    expected = np.zeros(volume.geometry.shape, np.uint8)
    expected[2:6, 5:10, 3:15] = 1
    np.testing.assert_array_equal(back.layers[0], expected)


def test_voxels_outside_are_counted(tmp_path: Path, volume: Volume) -> None:
    affine = volume.geometry.affine.copy()
    affine[:3, 3] += 2 * volume.geometry.k_step
    moved = VolumeGeometry.regular(volume.geometry.shape, affine)
    layer = np.zeros(moved.shape, np.uint8)
    layer[-3:, 4, 5] = 1
    labels = LabelMap((layer,), moved, (Segment(1, "a", 1),))
    export_labels(labels, Volume(layer.astype(np.int16), moved, "m"), tmp_path / "m.nrrd")
    remarks: list[str] = []
    back = import_labels(tmp_path / "m.nrrd", volume, remarks.append)
    assert remarks == ["m.nrrd: 2 of 3 voxels lie outside of these images and were left out."]
    assert np.argwhere(back.layers[0]).tolist() == [[11, 4, 5]]


def test_a_mask_of_other_images_is_refused(tmp_path: Path, volume: Volume) -> None:
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    affine[:3, 3] = 5000
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 5, 6), np.uint8), affine), tmp_path / "far.nii.gz")
    with pytest.raises(InputError, match=r"far\.nii\.gz lies wholly outside"):
        import_labels(tmp_path / "far.nii.gz", volume)


@pytest.mark.parametrize("name", EVEN)
def test_every_grid_to_itself_is_exact(tmp_path: Path, name: str) -> None:
    volume = make_series(tmp_path / "series", grids()[name])
    labels = labels_on(volume.geometry)
    for file in ("x.nii", "x.nrrd", "x.mha"):
        export_labels(labels, volume, tmp_path / file)
        remarks: list[str] = []
        back = import_labels(tmp_path / file, volume, remarks.append)
        assert remarks == []
        np.testing.assert_array_equal(back.layers[0], labels.layers[0])


def test_an_uneven_series_takes_a_mask_of_even_slices(tmp_path: Path) -> None:
    grid = grids()["gap"]
    volume = make_series(tmp_path / "series", grid)
    whole = make_series(tmp_path / "whole", grids()["axial"])
    labels = labels_on(whole.geometry)
    placed = place(labels, volume.geometry)
    for k, origin in enumerate(grid.origins):
        source = round((origin[2] - grid.origins[0][2]) / 2.5)
        expected = labels.layers[0][source] if source < 12 else np.zeros_like(labels.layers[0][0])
        np.testing.assert_array_equal(placed.label_map.layers[0][k], expected)


def test_a_segment_that_slips_through_a_coarser_grid_is_named(tmp_path: Path, volume: Volume) -> None:
    affine = volume.geometry.affine.copy()
    affine[:3, 3] = volume.geometry.to_patient(np.array([-1 / 3, -1 / 3, -1 / 3]))
    affine[:3, :3] /= 3
    k, j, i = (3 * n for n in volume.geometry.shape)
    layer = np.zeros((k, j, i), np.uint8)
    layer[3:12, 9:20, 6:30] = 1
    layer[6, 30, 30] = 2
    labels = LabelMap(
        (layer,), VolumeGeometry.regular((k, j, i), affine), (Segment(1, "Big", 1), Segment(2, "Speck", 2))
    )
    export_labels(labels, Volume(layer.astype(np.int16), labels.geometry, "fine"), tmp_path / "fine.nrrd")
    remarks: list[str] = []
    lost: list[str] = []
    import_labels(tmp_path / "fine.nrrd", volume, remarks.append, lost.append)
    assert remarks == ["fine.nrrd has another grid; each voxel took the nearest label."]
    assert lost == ["fine.nrrd: Speck has no voxel on the grid of these images and was left out."]
