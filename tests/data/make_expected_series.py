"""Write expected_series.json: which volumes the real studies hold, found with pydicom alone.

    python tests/data/make_expected_series.py FOLDER_OF_THE_STUDIES

Nothing of the product is imported. Where images of a series lie at one place, the reader of the
series decided what tells them apart; the decision and its reason stand in PARTED.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

HERE = Path(__file__).parent
SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
UNREADABLE = {"1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55"}
JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"

Image = dict[str, Any]


def _sequence_b_value(image: Image) -> Any:
    return int(image["dataset"].SequenceName.split("_b")[1].rstrip("t"))


def _cardiac_phase(image: Image) -> Any:
    return int(float(image["dataset"].TriggerTime) // 37.5)


def _time_of_object(image: Image) -> Any:
    return int(image["dataset"].InstanceNumber)


def _kind_of_map(image: Image) -> Any:
    return tuple(image["groups"].FrameContentSequence[0].DimensionIndexValues[2:])


def _object_order(image: Image) -> Any:
    kinds = [str(kind).strip() for kind in image["dataset"].ImageType]
    return [*kinds, image["path"].name]


PARTED: dict[str, tuple[Callable[[Image], Any], str]] = {
    "899229869284": (_sequence_b_value, "diffusion with b-values 50, 400 and 800, named by SequenceName"),
    "791105350405": (_cardiac_phase, "cine of 20 heart phases at 5 positions, most of them incomplete"),
    "615250908935": (_kind_of_map, "a magnitude and a field map in one enhanced object"),
    "232823.0.0.0": (_time_of_object, "four time points, each an enhanced object"),
    "978668949.890": (_object_order, "one slice several times: lossy copies with UIDs of their own"),
}
"""By the end of the SeriesInstanceUID: what tells images at one place apart, and why they are there."""


def main(root: Path) -> None:
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    folders += sorted({path.parent for path in (root / "vendor_quirks").rglob("*.dcm")})
    folders += [root / "mr_prostate_study" / "ProstateX-missing-slice"]
    expected = {str(folder.relative_to(root)): _describe(folder) for folder in folders}
    (HERE / "expected_series.json").write_text(_one_line_a_volume(expected), encoding="utf-8")


def _one_line_a_volume(expected: dict[str, Any]) -> str:
    """JSON whose changes are easy to read in a diff."""
    folders = []
    for name, found in expected.items():
        volumes = ",\n".join(f"   {json.dumps(volume)}" for volume in found["volumes"])
        counts = f'"files": {found["files"]}, "left_out": {json.dumps(found["left_out"])}'
        folders.append(f' {json.dumps(name)}: {{\n  {counts},\n  "volumes": [\n{volumes}\n  ]\n }}')
    return "{\n" + ",\n".join(folders) + "\n}\n"


def _describe(folder: Path) -> dict[str, Any]:
    left_out: Counter[str] = Counter()
    series: dict[str, list[Image]] = defaultdict(list)
    seen: set[str] = set()
    files = _in_scan_order(folder)
    for path in files:
        try:
            dataset = pydicom.dcmread(path)
        except InvalidDicomError:
            left_out["not DICOM"] += 1
            continue
        reason = _why_no_image(dataset) or ("duplicate" if dataset.get("SOPInstanceUID") in seen else "")
        if reason:
            left_out[reason] += 1
            continue
        seen.add(dataset.SOPInstanceUID)
        series[dataset.SeriesInstanceUID] += _images(path, dataset)
    volumes = [volume for uid, images in sorted(series.items()) for volume in _volumes(uid, images)]
    return {"files": len(files), "left_out": dict(sorted(left_out.items())), "volumes": volumes}


def _in_scan_order(folder: Path) -> list[Path]:
    """Files of a folder before those of its subfolders, by name: the first of two equal images counts."""
    here = sorted(folder.iterdir(), key=lambda path: path.name)
    below = [path for entry in here if entry.is_dir() for path in _in_scan_order(entry)]
    return [path for path in here if path.is_file()] + below


def _why_no_image(dataset: Any) -> str:
    syntax = dataset.file_meta.TransferSyntaxUID
    checks = {
        "segmentation": dataset.get("SOPClassUID") in SEGMENTATIONS,
        "microscopy": dataset.get("Modality") == "SM",
        "no pixels": "PixelData" not in dataset,
        "colour": not str(dataset.get("PhotometricInterpretation", "")).startswith("MONOCHROME"),
        "no series": "SeriesInstanceUID" not in dataset,
        "compression": syntax in UNREADABLE or (syntax == JPEG_EXTENDED and dataset.get("BitsStored", 0) > 8),
    }
    return next((reason for reason, holds in checks.items() if holds), "")


def _images(path: Path, dataset: Any) -> Iterator[Image]:
    count = int(dataset.get("NumberOfFrames") or 1)
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or [None] * count
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [None])[0]
    for group in groups:
        position = _find("PlanePositionSequence", "ImagePositionPatient", dataset, group, shared)
        orientation = _find("PlaneOrientationSequence", "ImageOrientationPatient", dataset, group, shared)
        place = count == 1 or group is not None
        yield {
            "path": path,
            "dataset": dataset,
            "groups": group,
            "position": np.array(position, float) if position is not None and place else None,
            "orientation": np.array(orientation or (1, 0, 0, 0, 1, 0), float),
        }


def _find(sequence: str, keyword: str, dataset: Any, group: Any, shared: Any) -> Any:
    for source in (group, shared):
        if source is not None and sequence in source:
            return source[sequence][0].get(keyword)
    return dataset.get(keyword)


def _volumes(uid: str, images: list[Image]) -> Iterator[dict[str, Any]]:
    tell, reason = next((entry for end, entry in PARTED.items() if uid.endswith(end)), (None, ""))
    if tell is None or len(images) == 1:
        yield _volume(uid, images)
        return
    parts: dict[str, list[Image]] = defaultdict(list)
    for image in sorted(images, key=tell):
        parts[repr(tell(image))].append(image)
    for number, part in enumerate(parts.values(), start=1):
        name = uid if len(parts) == 1 else f"{uid}#{number}"
        yield _volume(name, part) | ({"reason": reason} if len(parts) > 1 else {})


def _volume(name: str, images: list[Image]) -> dict[str, Any]:
    first = images[0]
    dataset = first["dataset"]
    normal = np.cross(first["orientation"][:3], first["orientation"][3:])
    volume = {
        "id": name,
        "modality": dataset.Modality,
        "shape_kji": [len(images), dataset.Rows, dataset.Columns],
        "files": len({image["path"] for image in images}),
    }
    if all(image["position"] is not None for image in images):
        heights = sorted(round(float(image["position"] @ normal), 4) for image in images)
        if len(set(heights)) != len(heights):
            raise SystemExit(f"{name}: images at one place that nothing in PARTED tells apart")
        volume["first_and_last_height_mm"] = [heights[0], heights[-1]]
    return volume


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
