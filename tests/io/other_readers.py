"""Where programs other than ours put the voxels of a file: points in mm, not arrays."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813

from medseg_app.core.label_map import LabelMap
from medseg_app.io.dicom.verify_seg import dcmqi
from tests.data_folder import missing

from .made_series import Grid

Points = dict[int, np.ndarray]


def meant(label_map: LabelMap, grid: Grid) -> list[np.ndarray]:
    """Positions of every segment's voxels, from the grid's own numbers."""
    return [
        _sorted([grid.point(*index) for index in np.argwhere(label_map.layers[s.group] == s.value)])
        for s in label_map.segments
    ]


def by_sitk(path: Path) -> Points:
    """Positions by value, as SimpleITK reads a file."""
    return _points(sitk.ReadImage(str(path)))


def by_nibabel(path: Path) -> Points:
    """Positions by value, as nibabel reads a NIfTI file; both of its matrices must say the same."""
    import nibabel

    image = nibabel.load(path)
    assert int(image.header["qform_code"]) == int(image.header["sform_code"]) == 1
    np.testing.assert_allclose(image.get_qform(), image.get_sform(), atol=1e-3)
    array = np.asarray(image.dataobj)
    found = {}
    for value in np.unique(array[array > 0]):
        ras = nibabel.affines.apply_affine(image.affine, np.argwhere(array == value))
        found[int(value)] = _sorted(ras * [-1, -1, 1])
    return found


def by_dcmqi(path: Path) -> Points:
    """Positions by SegmentNumber, as dcmqi reads a SEG, one file per segment."""
    program = dcmqi()
    if program is None:
        missing("dcmqi")
    with tempfile.TemporaryDirectory() as folder:
        command = [str(program), "--inputDICOM", str(path), "--outputDirectory", folder, "-t", "nrrd"]
        subprocess.run(command, check=True, capture_output=True)
        found: Points = {}
        described = json.loads((Path(folder) / "meta.json").read_text())["segmentAttributes"]
        for number, group in enumerate(described, 1):
            image = sitk.ReadImage(str(Path(folder) / f"{number}.nrrd"))
            [value] = [one["labelID"] for one in group]
            found[int(value)] = _points(image)[int(value)]
        return found


def by_pydicom(path: Path) -> Points:
    """Positions by SegmentNumber from frame positions and pydicom's own decoding."""
    from pydicom import dcmread

    seg = dcmread(path)
    frames = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
    shared = seg.SharedFunctionalGroupsSequence[0]
    cosines = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    between_rows, between_columns = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    found: dict[int, list[np.ndarray]] = {}
    for item, pixels in zip(seg.PerFrameFunctionalGroupsSequence, frames, strict=True):
        number = item.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        origin = np.array(item.PlanePositionSequence[0].ImagePositionPatient, float)
        j, i = np.nonzero(pixels)
        places = origin + np.outer(i * between_columns, cosines[:3]) + np.outer(j * between_rows, cosines[3:])
        found.setdefault(int(number), []).append(places)
    return {number: _sorted(np.concatenate(places)) for number, places in found.items()}


def assert_same_places(found: np.ndarray, expected: np.ndarray) -> None:
    """Every voxel within 0.1 mm of one that was meant, and as many of them."""
    from scipy.spatial import cKDTree

    assert len(found) == len(expected)
    distance, partner = cKDTree(expected).query(found)
    assert distance.max() <= 0.1
    assert len(set(partner.tolist())) == len(expected)


def _points(image: sitk.Image) -> Points:
    array = sitk.GetArrayFromImage(image)
    found = {}
    for value in np.unique(array[array > 0]):
        places = [
            image.TransformIndexToPhysicalPoint((int(i), int(j), int(k)))
            for k, j, i in np.argwhere(array == value)
        ]
        found[int(value)] = _sorted(places)
    return found


def _sorted(points: object) -> np.ndarray:
    array = np.asarray(points, float).reshape(-1, 3)
    return array[np.lexsort(array.round(3).T)]
