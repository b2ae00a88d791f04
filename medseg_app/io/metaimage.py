"""MetaImage (.mha): images and label maps in; label maps out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import GeometryError, InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume

from .image_file import to_labels, to_volume
from .itk_name import itk_name

_TYPE_NAMES = {"uint8": "MET_UCHAR", "uint16": "MET_USHORT"}


def read_image(path: Path) -> Volume:
    """The image of a .mha file. Raises InputError for unreadable, colour, 4D or NaN files."""
    return to_volume(*_read(path), path)


def read_labels(path: Path) -> LabelMap:
    """The labels of a .mha file; segments are called `Label <value>`."""
    return to_labels(*_read(path), path)


def _read(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    import SimpleITK as sitk  # noqa: N813

    try:
        with itk_name(path) as name:
            image = sitk.ReadImage(name, imageIO="MetaImageIO")
    except RuntimeError as error:
        raise InputError(
            f"{path.name} cannot be read as MetaImage.", "The file is damaged or of another kind."
        ) from error
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(
            f"{path.name} holds colour or vector values, not grey values.",
            "Convert it to one grey value per voxel first.",
        )
    if image.GetDimension() != 3:
        raise InputError(
            f"{path.name} has {image.GetDimension()} dimensions.",
            "Save the volume you want as a 3D file of its own.",
        )
    return sitk.GetArrayFromImage(image), affine_of(image)


def affine_of(image: Any) -> NDArray[np.float64]:
    """The matrix from (k, j, i, 1) to LPS mm of a SimpleITK image."""
    directions = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    matrix = np.eye(4)
    matrix[:3, :3] = directions[:, ::-1]
    matrix[:3, 3] = image.GetOrigin()
    return matrix


def check_labels(label_map: LabelMap) -> None:
    """Raise GeometryError where MetaImage cannot hold the grid."""
    if label_map.geometry.is_regular and label_map.geometry.is_sheared:
        raise GeometryError(
            "The axes are not at right angles (tilted slices, or skewed rows and columns), "
            "which MetaImage readers do not keep.",
            "Use NRRD (.nrrd) or DICOM SEG (.seg.dcm), which keep every voxel in place.",
        )
    _ = label_map.geometry.affine


def write_labels(label_map: LabelMap, path: Path) -> None:
    """Write the only layer of a label map, compressed."""
    from isal import isal_zlib

    check_labels(label_map)
    labels = np.ascontiguousarray(label_map.layers[0])
    packed = isal_zlib.compress(labels.data, 1)
    with path.open("wb") as stream:
        stream.write(_header(labels, label_map, len(packed)).encode("ascii"))
        stream.write(packed)


def _header(labels: NDArray[Any], label_map: LabelMap, packed_bytes: int) -> str:
    matrix = label_map.geometry.affine
    steps = matrix[:3, [2, 1, 0]]
    spacing = np.linalg.norm(steps, axis=0)
    fields = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "True",
        "CompressedDataSize": str(packed_bytes),
        # MetaImage lists the direction of one axis after the other, so the columns become rows.
        "TransformMatrix": _numbers((steps / spacing).T.ravel()),
        "Offset": _numbers(matrix[:3, 3]),
        "CenterOfRotation": "0 0 0",
        "ElementSpacing": _numbers(spacing),
        "DimSize": " ".join(str(n) for n in labels.shape[::-1]),
        "ElementType": _TYPE_NAMES[labels.dtype.name],
        "ElementDataFile": "LOCAL",
    }
    return "".join(f"{key} = {value}\n" for key, value in fields.items())


def _numbers(values: NDArray[np.float64]) -> str:
    return " ".join(repr(float(value)) for value in values)
