"""A case that may leave the house: its header without what leads back to the images of a patient."""

from __future__ import annotations

import uuid
from typing import Any

from .dicom.deidentify import replaced_uid


def replaced_id(volume_id: str) -> str:
    """What stands for the id of a volume (a UID, `UID#n` or the name of a file) in de-identified files."""
    uid, mark, number = volume_id.rpartition("#")
    return f"{replaced_uid(uid)}#{number}" if mark and number.isdecimal() else replaced_uid(volume_id)


def without_origin(header: dict[str, Any]) -> dict[str, Any]:
    """The header of a case under replaced UIDs and an id of its own, without the place of its images.

    The hash of the voxels stays: it finds the images again for whoever has them, and tells nobody else.
    """
    volume, grid = header["volume"], header["volume"]["geometry"]
    frame = grid["frame_of_reference_uid"]
    return header | {
        "id": uuid.uuid4().hex,
        "volume": volume
        | {
            "id": replaced_id(volume["id"]),
            "sop_instance_uids": [replaced_uid(uid) for uid in volume["sop_instance_uids"]],
            "geometry": grid | {"frame_of_reference_uid": replaced_uid(frame) if frame else ""},
        },
        "source": header["source"] | {"absolute": "", "relative": ""},
    }
