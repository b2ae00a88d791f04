"""The user's own folders: settings, data and cache, where the system keeps such things."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from medseg_app.core.errors import CouldNotBeDone

HOME_VARIABLE = "MEDSEG_HOME"


def user_folder(kind: Literal["config", "data", "cache"]) -> Path:
    """The folder of a kind; MEDSEG_HOME puts all of them into one place. It may not exist yet.

    Raises CouldNotBeDone for an account without a home, as containers give it to unknown numbers.
    """
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home) / kind
    import platformdirs

    places = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "cache": platformdirs.user_cache_path,
    }
    try:
        return places[kind]("medseg", appauthor=False)
    except RuntimeError as error:
        raise CouldNotBeDone(
            "This account has no home folder.",
            f"Set HOME or {HOME_VARIABLE} to a folder of yours (from / on).",
        ) from error
