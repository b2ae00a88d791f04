"""What an input holds: `medseg info` and `ms.info`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from medseg_app.core.errors import InputError
from medseg_app.core.progress import Progress, silent
from medseg_app.core.volume import Volume
from medseg_app.io.images import is_image_file


def inspect(path: Path, progress: Progress = silent) -> dict[str, Any]:
    """The document of `medseg info --json`: volumes with passports, and files left out with reasons."""
    if not path.exists():
        raise InputError(f"{path} does not exist.", "Check the name.")
    if path.suffix.lower() == ".medseg":
        return _of_case(path, progress)
    if is_image_file(path):
        from medseg_app.io.formats import read_image

        return {"volumes": [_of_volume(read_image(path))], "left_out": []}
    from medseg_app.io.dicom.scan import scan_folder

    found = scan_folder(path, progress=progress)
    if not found.volumes:
        _refuse_what_holds_nothing(path, found.left_out)
    return {
        "volumes": [info.to_json() for info in found.volumes],
        "left_out": [{"path": str(item.path), "reason": item.reason} for item in found.left_out],
    }


def _refuse_what_holds_nothing(path: Path, left_out: Sequence[Any]) -> None:
    """Raise InputError where there was nothing to read, or nothing that could be read."""
    if not left_out:
        raise InputError(f"{path} is empty.", "Choose a folder that holds DICOM files.")
    if all(item.reason in {"not a DICOM file", "an empty file"} for item in left_out):
        raise InputError(f"{path} holds no DICOM file.", "Choose a folder that holds DICOM files.")
    damaged = [f"\n  {item.path}: {item.reason}" for item in left_out if item.is_damaged]
    if damaged:
        raise InputError(
            f"{path} holds no image that can be read:{''.join(damaged)}", "Get these files again."
        )


def _of_case(path: Path, progress: Progress) -> dict[str, Any]:
    """The volume that a case was made on, checked by its hash, with the passport of its series."""
    from medseg_app.io.dicom.scan import find_volume, scan_folder

    from .inputs import open_case_images

    volume = open_case_images(path, progress)
    if volume.source is None or volume.source.kind != "dicom":
        return {"volumes": [_of_volume(volume)], "left_out": []}
    return {"volumes": [find_volume(scan_folder(volume.source.path), volume.id).to_json()], "left_out": []}


def _of_volume(volume: Volume) -> dict[str, Any]:
    g = volume.geometry
    sheared = g.is_sheared
    text = "The axes are not at right angles."
    return {
        "id": volume.id,
        "modality": volume.modality,
        "description": volume.description,
        "files": 1,
        "shape_kji": list(g.shape),
        "spacing_kji_mm": list(g.spacing_kji),
        "origin_lps_mm": g.origins[0].tolist(),
        "direction": g.direction_kji[:, ::-1].ravel().tolist(),
        "verdict": "note" if sheared else "ok",
        "findings": [{"code": "sheared", "text": text}] if sheared else [],
    }
