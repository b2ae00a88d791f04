"""The case file `NAME.medseg`: a stored ZIP with case.json and packed label arrays.

It holds no image voxels and no patient's name: the images are found again by path, series and hash.
"""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.case import Case, Ruler
from medseg_app.core.errors import CaseError, VerificationError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.segment import Segment
from medseg_app.core.segmentation import Segmentation

from .atomic import replacing
from .case_origin import without_origin

SCHEMA_VERSION = 1
MAX_JSON_BYTES = 64 << 20
SLAB_BYTES = 1 << 28


@dataclass(frozen=True, eq=False)
class CaseContents:
    """What a case file says. The segmentation stands on the grid that was saved."""

    id: str
    volume_id: str
    modality: str
    voxels_sha256: str
    source_kind: str
    source_absolute: str
    source_relative: str
    segmentation: Segmentation
    rulers: tuple[Ruler, ...]

    def source_candidates(self, case_path: Path) -> list[Path]:
        """Where the images may lie: beside the case as when it was saved, then at the old place."""
        found = [(case_path.parent / self.source_relative).resolve()] if self.source_relative else []
        return [*found, Path(self.source_absolute)] if self.source_absolute else found


def write_case_file(path: Path, case: Case, *, deidentify: bool = False) -> None:
    """Save a case; the file is read back and compared before it takes the old one's place.

    deidentify: without the way to its images and under replaced UIDs; only their hash still tells them.
    Raises CouldNotBeDone where it cannot be written, VerificationError where it does not read back equal.
    """
    header = _header(path, case)
    text = json.dumps(without_origin(header) if deidentify else header, indent=1)
    with replacing(path) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("case.json", text)
            for name, array in _arrays(case.segmentation):
                archive.writestr(name, _pack(array))
        if not _reads_back(temporary, text, case):
            raise VerificationError(f"{path.name} did not read back as it was.", "Save it to another disk.")


def read_case_file(path: Path) -> CaseContents:
    """Read a case file. Raises CaseError where it is damaged or of a newer version."""
    try:
        with zipfile.ZipFile(path) as archive:
            header = _read_header(archive, path)
            return _contents(header, archive)
    except FileNotFoundError:
        raise CaseError(f"There is no case {path}.", "Check the name.") from None
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise CaseError(
            f"{path.name} is damaged and cannot be opened ({error}).", "Use a copy of it."
        ) from error


def _header(path: Path, case: Case) -> dict[str, Any]:
    volume, segmentation = case.volume, case.segmentation
    source = volume.source
    where = source.path.resolve() if source else None
    return {
        "schema": SCHEMA_VERSION,
        "id": case.id,
        "volume": {
            "id": volume.id,
            "modality": volume.modality,
            "sop_instance_uids": list(source.sop_instance_uids) if source else [],
            "geometry": volume.geometry.to_json(),
            "voxels_sha256": volume.sha256,
        },
        "source": {
            "kind": source.kind if source else "",
            "absolute": str(where) if where else "",
            "relative": _relative(where, path.resolve().parent),
        },
        "revision": segmentation.revision,
        "segments": [segment.to_json() for segment in segmentation.segments],
        "groups": [segmentation.labels(g).dtype.str for g in range(segmentation.groups)],
        "rulers": [asdict(ruler) for ruler in case.rulers],
    }


def _relative(where: Path | None, folder: Path) -> str:
    if where is None:
        return ""
    try:
        return Path(os.path.relpath(where, folder)).as_posix()
    except ValueError:  # another drive
        return ""


def _arrays(segmentation: Segmentation) -> list[tuple[str, NDArray[Any]]]:
    arrays = []
    for group in range(segmentation.groups):
        arrays += [
            (f"labels/{group}", segmentation.labels(group)),
            (f"human/{group}", segmentation.human(group)),
        ]
    return arrays


def _pack(array: NDArray[Any]) -> bytes:
    """Slabs of slices, each with its compressed length in front."""
    import blosc2

    step = max(1, SLAB_BYTES // max(1, array[0].nbytes))
    parts = []
    for k in range(0, len(array), step):
        slab = np.ascontiguousarray(array[k : k + step])
        packed = bytes(blosc2.compress2(slab, codec=blosc2.Codec.LZ4, clevel=5))
        parts += [len(packed).to_bytes(8, "little"), packed]
    return b"".join(parts)


def _unpack(data: bytes, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    import blosc2

    slabs, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 8], "little")
        slabs.append(np.frombuffer(blosc2.decompress2(data[at + 8 : at + 8 + size]), dtype))
        at += 8 + size
    return np.concatenate(slabs).reshape(shape)


def _read_header(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    if archive.getinfo("case.json").file_size > MAX_JSON_BYTES:
        raise ValueError("its description is too large")
    header: dict[str, Any] = json.loads(archive.read("case.json"))
    if header["schema"] > SCHEMA_VERSION:
        raise CaseError(
            f"{path.name} was saved by a newer MedSeg.",
            f"Open it with a version that reads cases of format {header['schema']}.",
        )
    return header


def _contents(header: dict[str, Any], archive: zipfile.ZipFile) -> CaseContents:
    volume, source = header["volume"], header["source"]
    geometry = VolumeGeometry.from_json(volume["geometry"])
    groups = []
    for number, dtype in enumerate(header["groups"]):
        if dtype not in ("|u1", "<u2"):
            raise ValueError(f"labels of type {dtype}")
        labels = _unpack(archive.read(f"labels/{number}"), geometry.shape, dtype)
        groups.append((labels, _unpack(archive.read(f"human/{number}"), geometry.shape, "|u1")))
    segments = [Segment.from_json(row) for row in header["segments"]]
    return CaseContents(
        id=header["id"],
        volume_id=volume["id"],
        modality=volume["modality"],
        voxels_sha256=volume["voxels_sha256"],
        source_kind=source["kind"],
        source_absolute=source["absolute"],
        source_relative=source["relative"],
        segmentation=Segmentation.restored(geometry, segments, groups, header["revision"]),
        rulers=tuple(Ruler(tuple(r["start_lps"]), tuple(r["end_lps"])) for r in header["rulers"]),
    )


def _reads_back(path: Path, text: str, case: Case) -> bool:
    """Whether a case file opens, and holds this description (place, segments, rulers) and every voxel."""
    try:
        back = read_case_file(path).segmentation
        with zipfile.ZipFile(path) as archive:
            same = archive.read("case.json") == text.encode()
    except CaseError:
        return False
    pairs = zip(_arrays(back), _arrays(case.segmentation), strict=True)
    return (
        same
        and back.geometry.same_grid(case.volume.geometry, 0.0)
        and back.segments == case.segmentation.segments
        and all(np.array_equal(a, b) for (_, a), (_, b) in pairs)
    )
