"""NRRD and .seg.nrrd: images and label maps in; label maps with segment names and layers out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.errors import InputError
from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume

from . import segment_tags
from .damaged import readable
from .image_file import complete, to_labels, to_volume

_TO_LPS = {
    "left-posterior-superior": (1.0, 1.0, 1.0),
    "lps": (1.0, 1.0, 1.0),
    "right-anterior-superior": (-1.0, -1.0, 1.0),
    "ras": (-1.0, -1.0, 1.0),
    "left-anterior-superior": (1.0, -1.0, 1.0),
    "las": (1.0, -1.0, 1.0),
}


def read_image(path: Path) -> Volume:
    """The image of an .nrrd file. Raises InputError for unreadable, colour, 4D or NaN files."""
    voxels, header = _read(path)
    if voxels.ndim != 3:
        raise InputError(
            f"{path.name} has {voxels.ndim} dimensions.", "Save the volume you want as a 3D file of its own."
        )
    return to_volume(voxels, _matrix(header, path), path)


def read_labels(path: Path) -> LabelMap:
    """The labels of an .nrrd or .seg.nrrd file, with the names, colours, codes and layers it gives."""
    voxels, header = _read(path)
    affine = _matrix(header, path)
    with readable(path, "NRRD segmentation"):
        segments = segment_tags.from_header(header, path)
    if voxels.ndim == 3:
        return to_labels(voxels, affine, path, segments)
    if voxels.ndim != 4 or not segments or header.get("kinds", [""])[0] not in {"list", "vector"}:
        raise InputError(
            f"{path.name} has {voxels.ndim} dimensions but no segments.", "Save one label map per file."
        )
    # The layers are the fastest axis of the file, so the last one of the C-ordered array.
    single = [to_labels(voxels[..., n], affine, path) for n in range(voxels.shape[-1])]
    layers = tuple(one.layers[0] for one in single)
    return LabelMap(layers, single[0].geometry, complete(segments, layers, path))


def _read(path: Path) -> tuple[NDArray[Any], dict[str, Any]]:
    import nrrd

    with readable(path, "NRRD"), path.open("rb") as stream:
        header = nrrd.read_header(_lines(stream))
        return nrrd.read_data(header, stream, str(path), index_order="C"), header


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Lines of the header; pynrrd by itself would drop every letter of a name that is not ASCII."""
    while line := stream.readline():
        yield line.decode("utf-8", "replace")


def _matrix(header: dict[str, Any], path: Path) -> NDArray[np.float64]:
    space = str(header.get("space", "")).lower()
    directions = header.get("space directions")
    if directions is None or space not in _TO_LPS:
        raise InputError(
            f"{path.name} does not say where it lies in the patient (space {space or 'missing'}).",
            "Write it again with space and space directions, for example from 3D Slicer.",
        )
    steps = np.array([row for row in directions if row is not None and np.isfinite(row).all()], dtype=float)
    if steps.shape != (3, 3):
        raise InputError(f"{path.name} does not give three directions in space.", "Save it as a 3D volume.")
    matrix = np.eye(4)
    signs = np.array(_TO_LPS[space])
    # pynrrd lists the directions in the order of the file (i, j, k); the array is turned to (k, j, i).
    matrix[:3, :3] = (steps[::-1] * signs).T
    matrix[:3, 3] = np.asarray(header.get("space origin", np.zeros(3)), dtype=float) * signs
    return matrix


def check_labels(label_map: LabelMap) -> None:
    """Raise GeometryError where NRRD cannot hold the grid."""
    _ = label_map.geometry.affine


def write_labels(label_map: LabelMap, path: Path) -> None:
    """Write one layer as a 3D file, several as the `list` axis that 3D Slicer uses.

    Names of segments are UTF-8 as 3D Slicer writes them, which pynrrd cannot.
    """
    from isal import igzip

    several = len(label_map.layers) > 1
    voxels = np.stack(label_map.layers, axis=-1) if several else label_map.layers[0]
    with path.open("wb") as stream:
        stream.write(_header(label_map, voxels).encode())
        with igzip.GzipFile(fileobj=stream, mode="wb", compresslevel=1) as packed:
            for plane in voxels:
                packed.write(np.ascontiguousarray(plane).data)


def _header(label_map: LabelMap, voxels: NDArray[Any]) -> str:
    matrix = label_map.geometry.affine
    listed = ["list"] * (voxels.ndim - 3)
    fields = {
        "type": voxels.dtype.name,
        "dimension": str(voxels.ndim),
        "space": "left-posterior-superior",
        "sizes": " ".join(map(str, voxels.shape[::-1])),
        "space directions": " ".join(["none" for _ in listed] + [_vector(matrix[:3, n]) for n in (2, 1, 0)]),
        "kinds": " ".join([*listed, "domain", "domain", "domain"]),
        "endian": sys.byteorder,
        "encoding": "gzip",
        "space origin": _vector(matrix[:3, 3]),
    }
    boxes = [label_map.box(segment) for segment in label_map.segments]
    about = segment_tags.to_header(label_map.segments, boxes)
    lines = ["NRRD0005", *(f"{key}: {value}" for key, value in fields.items())]
    return "\n".join([*lines, *(f"{key}:={value}" for key, value in about.items()), "", ""])


def _vector(values: NDArray[np.float64]) -> str:
    return f"({','.join(repr(float(value)) for value in values)})"
