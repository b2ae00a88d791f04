"""Each frame of a SEG must name the image on whose slice it lies: viewers go by the name or by the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medseg_app.core.errors import VerificationError
from medseg_app.core.volume import Volume

from .deidentify import replaced_uid
from .seg_grid import frame_places, slices_on

_HINT = "The file was removed. Try another format, and report this."


def verify_references(path: Path, volume: Volume, deidentified: bool, name: str) -> None:
    """Compare place and name of every frame with the volume's slices. Raises VerificationError."""
    from pydicom import dcmread

    dataset = dcmread(path, stop_before_pixels=True)
    slices = slices_on(frame_places(dataset, path), volume.geometry)
    if slices is None:
        raise VerificationError(f"{name} has a frame that lies on no slice of the images.", _HINT)
    expected = _names(volume, deidentified)
    for number, (frame, k) in enumerate(
        zip(dataset.PerFrameFunctionalGroupsSequence, slices, strict=True), 1
    ):
        if _named(frame) != expected[k]:
            raise VerificationError(f"Frame {number} of {name} names another image than it lies on.", _HINT)


def _names(volume: Volume, deidentified: bool) -> list[tuple[str, int]]:
    """SOPInstanceUID and frame number behind every slice."""
    source = volume.source
    assert source is not None
    uids = source.sop_instance_uids
    if deidentified:
        uids = tuple(replaced_uid(uid) for uid in uids)
    frames = source.frame_numbers if len(source.frame_numbers) == len(uids) else (1,) * len(uids)
    return list(zip(uids, frames, strict=True))


def _named(frame: Any) -> tuple[str, int]:
    image = frame.DerivationImageSequence[0].SourceImageSequence[0]
    return str(image.ReferencedSOPInstanceUID), int(image.get("ReferencedFrameNumber", 1))
