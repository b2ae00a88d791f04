"""An object that plants a file when it is unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Planting:
    """Writes a file when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.place, "planted")
