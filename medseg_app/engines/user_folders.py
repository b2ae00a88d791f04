"""The user's own folders: settings, data and cache, where the system keeps such things."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

HOME_VARIABLE = "MEDSEG_HOME"


def user_folder(kind: Literal["config", "data", "cache"]) -> Path:
    """The folder of a kind; MEDSEG_HOME puts all of them into one place. It may not exist yet."""
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home) / kind
    import platformdirs

    places = {
        "config": platformdirs.user_config_path,
        "data": platformdirs.user_data_path,
        "cache": platformdirs.user_cache_path,
    }
    return places[kind]("medseg", appauthor=False)
