"""Studies: what the browser lists, the volumes found so far in folders and files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from medseg_app.core.errors import WrongUse

VolumeInfo = Any
"""`medseg_app.io.dicom.scan.VolumeInfo`; named here so that starting the window does not load it."""
SeriesFound = Any
"""`medseg_app.io.dicom.scan.SeriesFound`, likewise."""


class Studies:
    """Volumes by id, in the order in which they were found, and the files that were left out.

    announced: series that a running scan has met, by UID; empty when no scan runs.
    """

    def __init__(self) -> None:
        self._volumes: dict[str, VolumeInfo] = {}
        self.announced: dict[str, SeriesFound] = {}
        self.left_out: list[tuple[Path, str]] = []

    def __iter__(self) -> Any:
        return iter(self._volumes.values())

    def __len__(self) -> int:
        return len(self._volumes)

    def add(self, volumes: Iterable[VolumeInfo]) -> None:
        """List volumes; one with a known id replaces the older one."""
        for volume in volumes:
            self._volumes[volume.id] = volume

    def announce(self, found: SeriesFound) -> None:
        """List a series of which a scan that still goes on has seen the first image."""
        self.announced[found.series_uid] = found

    def find(self, volume_id: str) -> VolumeInfo:
        """The volume with this id. Raises WrongUse where there is none."""
        try:
            return self._volumes[volume_id]
        except KeyError:
            raise WrongUse("This series is not in the list any more.", "Open its folder again.") from None
