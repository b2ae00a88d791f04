"""Where the weights of TotalSegmentator lie, and whether they are there.

They are only ever fetched by the user, with the program that TotalSegmentator brings: a run never loads
anything from a network. They are pickles and run code of their makers, like the package itself.
"""

from __future__ import annotations

import os
from pathlib import Path

from medseg_app.core.errors import ModelError

from .offered import MB_PER_NETWORK, Offer

CHECKPOINT = "checkpoint_final.pth"


def weights_folder() -> Path:
    """The folder of all its weights, by the variables that TotalSegmentator itself obeys."""
    stated = os.environ.get("TOTALSEG_WEIGHTS_PATH")
    if stated:
        return Path(stated)
    home = os.environ.get("TOTALSEG_HOME_DIR")
    return (Path(home) if home else Path.home() / ".totalsegmentator") / "nnunet" / "results"


def networks_of(offer: Offer) -> list[str]:
    """Names of the folders of the networks that a task runs, from the package's own tables."""
    from totalsegmentator.map_tasks_config import TASK_CONFIGS, TASK_ID_WEIGHTS_CONFIGS

    ids = TASK_CONFIGS[offer.task]["sub_modes"]["fast" if offer.fast else "default"]["task_id"]
    return [TASK_ID_WEIGHTS_CONFIGS[n]["foldername"] for n in (ids if isinstance(ids, list) else [ids])]


def weight_files(offer: Offer) -> list[Path]:
    """The weight file of each network, in order; empty where one of them is missing."""
    found = [_files(weights_folder() / name) for name in networks_of(offer)]
    return [path for paths in found for path in paths] if all(found) else []


def require_weights(offer: Offer) -> list[Path]:
    """The weight files. Raises ModelError, with the command to run, where they are not all there."""
    files = weight_files(offer)
    if not files:
        raise ModelError(
            f"The weights of {offer.name} are not in {weights_folder()}.", how_to_download(offer)
        )
    return files


def how_to_download(offer: Offer) -> str:
    """The command that fetches the weights, and how much it fetches."""
    size = len(networks_of(offer)) * MB_PER_NETWORK
    return f"Fetch them once (about {size} MB) with: totalseg_download_weights -t {offer.download}"


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob(CHECKPOINT)) if folder.is_dir() else []
