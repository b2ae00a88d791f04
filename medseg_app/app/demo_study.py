"""The demonstration study: a made-up abdomen written as the DICOM files that a scanner would send."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg_app.core.volume import Volume
    from medseg_app.phantom.stack import Stack

DEMO_SEED = 2028
"""The demonstration patient; no model is trained on it."""
DEMO_FILES = 47
"""Files of the demonstration study: 44 slices and 3 localizers."""


def write_demo_study(folder: Path, seed: int = DEMO_SEED) -> Path:
    """Write an oblique axial CT series and a short series of localizers into a folder; returns the folder.

    The same seed gives the same files.
    """
    from medseg_app.phantom import make_phantom
    from medseg_app.phantom.mixed import localizers_in_study

    write_stacks(localizers_in_study(make_phantom(seed).volume), folder, seed)
    return folder


def ensure_demo_study(folder: Path) -> Path:
    """The whole demonstration study in a folder, which is returned.

    It is written where it is not there, and completed where a start was interrupted while it was written:
    every file is written in one piece, and the same seed gives the same files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [path for path in folder.rglob("*.dcm") if not path.name.startswith(".")]
    return folder if len(files) >= DEMO_FILES else write_demo_study(folder)


def is_made_up(volume: Volume) -> bool:
    """Whether a volume shows a patient that MedSeg made up."""
    return volume.patient.get("id", "").startswith("PHANTOM-")


def write_stacks(stacks: Sequence[Stack], folder: Path, seed: int) -> list[Path]:
    """Write every stack of slices as DICOM files of one made-up study; returns the files.

    Stacks of one series share a subfolder named after it, as scanners export them.
    """
    from medseg_app.io.dicom.series_writer import write_series

    files: list[Path] = []
    for stack in stacks:
        series = str(stack.facts.get("series", "series"))
        files += write_series(stack.volume, folder / series, **{"seed": seed, **stack.facts})
    return files
