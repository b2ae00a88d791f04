"""What dropping files on the window will do, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from medseg_app.app.left_out import is_dicom_seg
from medseg_app.io.images import is_image_file

LONGEST_NAME = 40


def drop_text(paths: Sequence[Path], series_is_open: bool) -> str:
    """What dropping will do, in one line."""
    if len(paths) != 1:
        return f"Drop to open {len(paths)} files or folders"
    path = paths[0]
    name = _short(path.name)
    if path.is_dir():
        return f"Drop to open the folder {name}"
    if series_is_open and is_dicom_seg(path):
        return f"Drop to put the mask {name} onto the open series"
    if series_is_open and is_image_file(path):
        return f"Drop to open {name}, or to put it onto the open series if it is a mask"
    return f"Drop to open {name}"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}\N{HORIZONTAL ELLIPSIS}"
