"""A copy of what the code of a MONAI bundle needs of its folder: regular files inside it, and no more."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

from medseg_app.core.errors import ModelError
from medseg_app.engines.checksums import inside

from .sandbox import MAX_FILE

PARTS = ("configs", "scripts", "models")
REMEDY = "Copy the bundle again from its source."


def copy_bundle(folder: Path, target: Path) -> None:
    """Copy configurations, scripts and models of a bundle into a folder that is not there yet.

    Raises ModelError for links out of the bundle, special files, and more than a model may have (4 GB).
    """
    left = MAX_FILE
    for path in _files(folder):
        left -= path.stat().st_size
        if left < 0:
            raise ModelError(f"{folder} is larger than a model may be (4 GB).", "Use a smaller model.")
        copy = target / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _files(folder: Path) -> list[Path]:
    """The files that are copied, none of them outside."""
    found = []
    for part in PARTS:
        # Asked first for the part itself: a link to somewhere else is not even walked through.
        for path in sorted(inside(folder, part).rglob("*")):
            if inside(folder, path.relative_to(folder).as_posix()).is_dir() and not path.is_symlink():
                continue
            if not stat.S_ISREG(path.stat().st_mode):
                raise ModelError(f"{path} is neither a file nor a folder of the bundle.", REMEDY)
            found.append(path)
    return found
