"""Voxels and masks between the window and its engine worker, in memory-mapped files of a private folder.

Only the window's process makes and removes files: a shared-memory block is deleted under the window
when a worker dies, and /dev/shm is often too small for a volume. No torch.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.volume import Volume

NOTHING = np.zeros((0, 0, 0), bool)


@dataclass(frozen=True)
class VolumeTicket:
    """What the worker needs to see a volume; no file of the user, no patient."""

    path: Path
    dtype: str
    geometry: VolumeGeometry
    id: str
    modality: str
    padding: float | None

    def open(self) -> Volume:
        """The volume, its voxels mapped from the file."""
        voxels = np.memmap(self.path, self.dtype, "r", shape=self.geometry.shape)
        return Volume(voxels, self.geometry, self.id, self.modality, padding=self.padding)


@dataclass(frozen=True)
class ProposalTicket:
    """A proposal without masks, and where each mask begins in the file."""

    proposal: Proposal
    offsets: tuple[int, ...]


class ExchangeFolder:
    """The private folder of one window; older ones, of windows that are gone, are removed."""

    def __init__(self, cache: Path) -> None:
        parent = cache / "exchange"
        parent.mkdir(parents=True, exist_ok=True)
        for old in parent.iterdir():
            if not _is_used(old.name):
                shutil.rmtree(old, ignore_errors=True)
        self.path = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))
        self._count = 0

    def new_file(self) -> Path:
        """An empty file that only this user can read."""
        self._count += 1
        path = self.path / f"{self._count}.bin"
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_EXCL, 0o600))
        return path

    def put_volume(self, volume: Volume) -> VolumeTicket:
        """Write the voxels of a volume, plane by plane. On OSError (a full disk) no file stays."""
        path = self.new_file()
        try:
            with path.open("wb") as file:
                for plane in volume.voxels:
                    file.write(np.ascontiguousarray(plane).data)
        except OSError:
            discard(path)
            raise
        geometry = volume.geometry
        return VolumeTicket(
            path, volume.voxels.dtype.str, geometry, volume.id, volume.modality, volume.padding
        )

    def remove(self) -> None:
        """Remove the folder with all its files."""
        shutil.rmtree(self.path, ignore_errors=True)


def put_proposal(path: Path, proposal: Proposal) -> ProposalTicket:
    """Write the masks of a proposal into a file that is there (worker's side)."""
    bare, offsets, position = [], [], 0
    with path.open("r+b") as file:
        for candidate in proposal.candidates:
            offsets.append(position)
            position += file.write(np.ascontiguousarray(candidate.mask).data)
            bare.append(replace(candidate, mask=NOTHING))
    return ProposalTicket(replace(proposal, candidates=tuple(bare)), tuple(offsets))


def take_proposal(path: Path, ticket: ProposalTicket) -> Proposal:
    """The proposal of a ticket; its masks stay mapped until nobody needs them (window's side)."""
    bare = ticket.proposal.candidates
    candidates: list[Candidate] = []
    if path.stat().st_size:
        masks: Any = np.memmap(path, np.bool_, "r")
        for candidate, offset in zip(bare, ticket.offsets, strict=True):
            count = candidate.box.voxel_count
            mask = masks[offset : offset + count].reshape(candidate.box.shape)
            candidates.append(replace(candidate, mask=mask))
    discard(path)
    return replace(ticket.proposal, candidates=tuple(candidates))


def discard(path: Path) -> None:
    """Remove a file; where the system keeps mapped files (Windows), the next start removes it."""
    try:
        path.unlink()
    except OSError:
        return


def _is_used(name: str) -> bool:
    """Whether the window of that process number may still live."""
    number = name.partition("-")[0]
    if os.name == "nt" or not number.isdecimal():
        # Windows does not let files be removed that a living process has open.
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
