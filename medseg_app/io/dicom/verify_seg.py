"""Read a DICOM SEG back: with dcmqi where the slices are even and upright, else frame by frame."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from medseg_app.core.errors import VerificationError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.volume import Volume
from medseg_app.io.atomic import temporary_prefix
from medseg_app.io.placement import Placement, placements
from medseg_app.io.verify import ReadBack

_MINUTES = 30
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


def reader_for(label_map: LabelMap, volume: Volume) -> tuple[ReadBack, str]:
    """A second reader that keeps this geometry, and its name.

    dcmqi straightens tilted stacks and fills uneven ones silently, so those are read frame by frame.
    """
    geometry = label_map.geometry
    if geometry.is_regular and not geometry.is_sheared and dcmqi() is not None:
        return read_back_with_dcmqi, "dcmqi"
    return read_back_by_frame, "highdicom"


def dcmqi() -> Path | None:
    """The executable segimage2itkimage of dcmqi; None where it is not installed."""
    import importlib.util
    import sys

    found = importlib.util.find_spec("dcmqi")
    if found is None or found.origin is None:
        return None
    name = "segimage2itkimage" + (".exe" if sys.platform == "win32" else "")
    program = Path(found.origin).parent / "bin" / name
    return program if program.is_file() else None


def read_back_with_dcmqi(path: Path, label_map: LabelMap) -> list[Placement | None]:
    """Placements of SegmentNumber 1..n as dcmqi finds them."""
    with tempfile.TemporaryDirectory(prefix=temporary_prefix(), dir=_roomy_folder(path, label_map)) as folder:
        _run_dcmqi(path, Path(folder))
        try:
            found = _collect(Path(folder))
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            raise VerificationError("dcmqi gave it back incomplete.") from error
    strange = sorted(set(found) - set(range(1, len(label_map.segments) + 1)))
    if strange:
        raise VerificationError(f"it holds the segment number {strange[0]}, which was not written.")
    return [found.get(number) for number in range(1, len(label_map.segments) + 1)]


def _roomy_folder(path: Path, label_map: LabelMap) -> Path | None:
    """The system's folder for temporary files, or that of the file where dcmqi's output might not fit."""
    room = shutil.disk_usage(tempfile.gettempdir()).free
    needed = 4 * len(label_map.layers) * label_map.layers[0].size
    return None if room > needed else path.parent


def _run_dcmqi(path: Path, folder: Path) -> None:
    program = dcmqi()
    command = [str(program), "--inputDICOM", str(path), "--outputDirectory", str(folder)]
    command += ["--outputType", "mha", "--mergeSegments"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_MINUTES * 60, check=False, creationflags=_NO_WINDOW
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VerificationError(f"dcmqi could not be run ({error}).") from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise VerificationError(f"dcmqi refused it: {lines[-1] if lines else done.returncode}.")


def _collect(folder: Path) -> dict[int, Placement | None]:
    """Placement by SegmentNumber from the label maps and their descriptions that dcmqi wrote."""
    import SimpleITK as sitk  # noqa: N813

    from medseg_app.io.itk_name import itk_name
    from medseg_app.io.metaimage import affine_of

    found: dict[int, Placement | None] = {}
    # Segments that do not overlap share a file; the groups stand in the order of the files' numbers.
    described = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["segmentAttributes"]
    for file_number, group in enumerate(described, 1):
        with itk_name(folder / f"{file_number}.mha") as name:
            image = sitk.ReadImage(name)
        voxels = sitk.GetArrayFromImage(image)
        numbers = [int(one["labelID"]) for one in group]
        grid = VolumeGeometry.regular(voxels.shape, affine_of(image))
        for number, place in zip(numbers, _placements_of(voxels, grid, numbers), strict=True):
            found[number] = place
    return found


def _placements_of(voxels: Any, grid: VolumeGeometry, values: list[int]) -> list[Placement | None]:
    from medseg_app.core.segment import Segment

    segments = tuple(Segment(id=value, name=str(value), value=value) for value in values)
    return placements(LabelMap((voxels,), grid, segments))


def read_back_by_frame(path: Path, label_map: LabelMap) -> list[Placement | None]:
    """Placements from the position of every frame and the pixels that highdicom decodes.

    Each frame must lie, within 0.1 mm, on a slice of the label map's own grid.
    """
    import highdicom

    from .seg_grid import frame_places, slices_on

    seg = highdicom.seg.segread(path)
    slices = slices_on(frame_places(seg, path), label_map.geometry)
    if slices is None:
        raise VerificationError("a frame does not lie on any slice of the images.")
    numbers = range(1, len(label_map.segments) + 1)
    found: list[Placement | None] = []
    for number, segment in zip(numbers, label_map.segments, strict=True):
        mask = np.zeros(label_map.geometry.shape, np.uint8)
        for frame, k in enumerate(slices):
            if frame_number(seg, frame) == number:
                mask[k] |= np.asarray(seg.get_frame(frame + 1), np.uint8)
        found += placements(LabelMap((mask,), label_map.geometry, (_one(segment),)))
    return found


def frame_number(seg: Any, frame: int) -> int:
    """ReferencedSegmentNumber of a frame."""
    item = seg.PerFrameFunctionalGroupsSequence[frame].SegmentIdentificationSequence[0]
    return int(item.ReferencedSegmentNumber)


def _one(segment: Any) -> Any:
    from dataclasses import replace

    return replace(segment, value=1, group=0)
