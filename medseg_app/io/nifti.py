"""NIfTI: images and label maps in; label maps out.

NIfTI counts (i, j, k) and points right-anterior-superior; this file is the border where both turn
into our (k, j, i) and LPS. The bytes of a C-ordered (k, j, i) array are the bytes of the file.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import GeometryError, InputError
from medseg_app.core.geometry import LPS_TO_RAS, VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume

from .damaged import readable
from .image_file import to_labels, to_volume

SAME_MATRIX_MM = 0.1
"""qform and sform may place a corner of the image this far apart and still say the same."""
_HEADER_BYTES = 352
_NIFTI2_HEADER_BYTES = 540
_LARGEST_SIDE = 32767
_MM_PER_UNIT = {"meter": 1000.0, "micron": 0.001}
"""Units in which a file may count instead of mm; one that names none means mm."""


def read_image(path: Path) -> Volume:
    """The image of a .nii or .nii.gz file, real values (slope and intercept applied).

    Raises InputError for unreadable, colour, 4D or NaN files and where qform and sform disagree.
    """
    voxels, affine = _read(path)
    return to_volume(voxels, affine, path)


def read_labels(path: Path) -> LabelMap:
    """The labels of a .nii or .nii.gz file; segments are called `Label <value>`."""
    voxels, affine = _read(path)
    return to_labels(voxels, affine, path)


def _read(path: Path) -> tuple[NDArray[Any], NDArray[np.float64]]:
    from isal import igzip

    opened = igzip.open(path, "rb") if _is_gzip(path) else path.open("rb")
    with readable(path, "NIfTI"), opened as stream:
        image = _parse(stream, path)
        affine = _matrix(image, path)
        return np.asanyarray(image.dataobj).transpose(), affine


def _parse(stream: BinaryIO, path: Path) -> Any:
    import nibabel
    from nibabel.imageglobals import LoggingOutputSuppressor

    (header_bytes,) = struct.unpack("<i", stream.read(4))
    stream.seek(0)
    swapped = int.from_bytes(header_bytes.to_bytes(4, "little", signed=True), "big", signed=True)
    kind = nibabel.Nifti2Image if _NIFTI2_HEADER_BYTES in (header_bytes, swapped) else nibabel.Nifti1Image
    _refuse_zero_size(kind.header_class(stream.read(kind.header_class.sizeof_hdr), check=False), path)
    stream.seek(0)
    with LoggingOutputSuppressor():  # what is wrong is said in our words
        return kind.from_stream(stream)


def _refuse_zero_size(header: Any, path: Path) -> None:
    """nibabel takes a voxel size of nothing for 1 mm; where it decides about places, that is made up."""
    if int(header["sform_code"]) <= 0 and not np.all(header["pixdim"][1:4]):
        raise InputError(
            f"{path.name} states a voxel size of 0 mm.",
            "Write it again with a tool that keeps the voxel size.",
        )


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _matrix(image: Any, path: Path) -> NDArray[np.float64]:
    header = image.header
    qform, sform = int(header["qform_code"]), int(header["sform_code"])
    if qform == 0 and sform == 0:
        raise InputError(
            f"{path.name} does not say where it lies in the patient (qform and sform code 0).",
            "Write it again with a tool that keeps the position.",
        )
    to_mm = np.diag([_mm_per_unit(header)] * 3 + [1.0])
    if qform > 0 and sform > 0:
        _check_agreement(to_mm @ (header.get_qform() - header.get_sform()), image.shape, path)
    return _to_lps_kji(to_mm @ image.affine)


def _mm_per_unit(header: Any) -> float:
    """Pathology counts in micrometres; nibabel leaves numbers as they are, ITK makes mm of them."""
    return _MM_PER_UNIT.get(header.get_xyzt_units()[0], 1.0)


def _check_agreement(difference: NDArray[np.float64], shape: tuple[int, ...], path: Path) -> None:
    """Programs differ in which of the two matrices they believe: a mask would land in two places."""
    corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape[:3]], [1])).reshape(4, -1)
    apart = np.abs(difference @ corners).max()
    if apart > SAME_MATRIX_MM:
        raise InputError(
            f"{path.name} contradicts itself: qform and sform place it {apart:.1f} mm apart.",
            "Write it again with both matrices equal (for example with c3d or fslorient).",
        )


def _to_lps_kji(affine_ijk_ras: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((LPS_TO_RAS @ affine_ijk_ras)[:, [2, 1, 0, 3]])


def to_ras_ijk(geometry: VolumeGeometry) -> NDArray[np.float64]:
    """The matrix from (i, j, k, 1) to RAS mm, as NIfTI wants it. Raises GeometryError where there is none."""
    if geometry.is_regular and geometry.is_sheared:
        raise GeometryError(
            "The axes are not at right angles (tilted slices, or skewed rows and columns); "
            "NIfTI readers straighten that silently.",
            "Use NRRD (.nrrd) or DICOM SEG (.seg.dcm), which keep every voxel in place.",
        )
    return geometry.affine_ras_ijk


def check_labels(label_map: LabelMap) -> None:
    """Raise GeometryError where NIfTI cannot hold the grid."""
    to_ras_ijk(label_map.geometry)
    if max(label_map.geometry.shape) > _LARGEST_SIDE:
        raise GeometryError(
            f"NIfTI holds at most {_LARGEST_SIDE} voxels per side.", "Use NRRD (.nrrd) instead."
        )


def write_labels(label_map: LabelMap, path: Path) -> None:
    """Write the only layer of a label map; `.gz` at the end of the name compresses."""
    from isal import igzip

    check_labels(label_map)
    labels = np.ascontiguousarray(label_map.layers[0])
    opened = igzip.open(path, "wb", compresslevel=1) if path.suffix.lower() == ".gz" else path.open("wb")
    with opened as stream:
        stream.write(_header(labels, label_map.geometry))
        for plane in labels:
            stream.write(plane.data)


def _header(labels: NDArray[Any], geometry: VolumeGeometry) -> bytes:
    import nibabel

    affine = to_ras_ijk(geometry)
    header = nibabel.Nifti1Header()
    header.set_data_dtype(labels.dtype.newbyteorder("="))
    header.set_data_shape(labels.shape[::-1])
    header.set_xyzt_units("mm")
    header["vox_offset"] = _HEADER_BYTES
    header["magic"] = b"n+1"
    header.set_qform(affine, code=1)
    header.set_sform(affine, code=1)
    # Four zero bytes say that no extension follows the header.
    return bytes(header.binaryblock) + b"\0\0\0\0"
