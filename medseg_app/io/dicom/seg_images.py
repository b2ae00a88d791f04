"""Which images a SEG was drawn on, by its own words."""

from __future__ import annotations

from pathlib import Path


def images_of_seg(path: Path) -> frozenset[str]:
    """SOPInstanceUIDs of the images that a SEG names; none for other files and for a SEG that names none."""
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        seg = dcmread(path, stop_before_pixels=True, specific_tags=["ReferencedSeriesSequence"])
    except InvalidDicomError:
        return frozenset()
    return frozenset(
        str(image.get("ReferencedSOPInstanceUID", ""))
        for series in seg.get("ReferencedSeriesSequence", [])
        for image in series.get("ReferencedInstanceSequence", [])
    )
