"""Where MedSeg keeps what is the user's: settings, journals, models, cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medseg_app.engines.user_folders import user_folder


@dataclass(frozen=True)
class Folders:
    """config: settings. data: journals and models, never in a temporary folder. cache: may be deleted."""

    config: Path
    data: Path
    cache: Path

    @classmethod
    def of_user(cls) -> Folders:
        """The system's usual places; MEDSEG_HOME puts all three into one folder."""
        return cls(user_folder("config"), user_folder("data"), user_folder("cache"))

    @property
    def journals(self) -> Path:
        """One journal per case."""
        return self.data / "journals"

    @property
    def models(self) -> Path:
        """Models that the user trained or imported."""
        return self.data / "models"
