"""Beginning: what a training took from a file of weights, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg_app.engines.taken_weights import Taken

DOCUMENT = "docs/beginning.txt"
"""Where a model folder tells what its training began with."""


@dataclass(frozen=True)
class Beginning:
    """A file of weights that a training began with: its name, its SHA-256, and what was taken of it."""

    file: str
    sha256: str
    taken: Taken

    @property
    def summary(self) -> str:
        """One line for people."""
        taken = self.taken
        return (
            f"begun with {self.file}: {len(taken.same)} tensors taken, {len(taken.adapted)} adapted to the "
            f"channels, {len(taken.afresh)} begin afresh, {len(taken.unused)} of the file not used"
        )

    def document(self) -> str:
        """The summary, and every tensor by its name."""
        kinds = {
            "taken": self.taken.same,
            "adapted to the channels": self.taken.adapted,
            "begin afresh": self.taken.afresh,
            "of the file, not used": self.taken.unused,
        }
        lists = [f"{kind}:\n" + "".join(f"  {name}\n" for name in names) for kind, names in kinds.items()]
        return "\n".join([self.summary, f"sha256 {self.sha256}", "", *lists])
