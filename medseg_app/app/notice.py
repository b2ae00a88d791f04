"""Notice: something to tell the user where he looks, never in a pop-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from medseg_app.core.errors import MedsegError


@dataclass(frozen=True)
class Notice:
    """What happened and the next step; `kind` decides colour and icon."""

    kind: Literal["ok", "note", "problem"]
    text: str
    hint: str = ""

    @classmethod
    def of_error(cls, error: MedsegError) -> Notice:
        """An error as the user sees it."""
        return cls("problem", error.message, error.hint)
