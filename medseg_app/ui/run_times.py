"""RunTimes: how long a model took on this computer before, so that the next run can say what to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg_app.app.settings import Settings

NEWEST_SHARE = 0.5
"""A computer changes (mains or battery, busy or idle), so the newest run counts half."""


class RunTimes:
    """Seconds per million voxels by model, kept in the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def expected(self, model: str, voxels: int) -> float | None:
        """Seconds that a run will take; None where the model never ran here."""
        speed = self._settings.run_times.get(model)
        return None if speed is None else speed * voxels / 1e6

    def learn(self, model: str, voxels: int, seconds: float) -> None:
        """Remember how long a run took."""
        speed = seconds / max(voxels / 1e6, 1e-6)
        before = self._settings.run_times.get(model, speed)
        self._settings.run_times[model] = round(before + NEWEST_SHARE * (speed - before), 4)
