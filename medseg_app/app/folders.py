"""Where MedSeg keeps what is the user's: settings, journals, models, cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """config: settings. data: journals and models, never in a temporary folder. cache: may be deleted."""

    config: Path
    data: Path
    cache: Path

    @classmethod
    def of_user(cls) -> Folders:
        """The system's usual places; MEDSEG_HOME puts all three into one folder."""
        home = os.environ.get("MEDSEG_HOME")
        if home:
            base = Path(home)
            return cls(base / "config", base / "data", base / "cache")
        from platformdirs import user_cache_path, user_config_path, user_data_path

        return cls(
            user_config_path("medseg", appauthor=False),
            user_data_path("medseg", appauthor=False),
            user_cache_path("medseg", appauthor=False),
        )

    @property
    def journals(self) -> Path:
        """One journal per case."""
        return self.data / "journals"

    @property
    def models(self) -> Path:
        """Models that the user trained or imported."""
        return self.data / "models"
