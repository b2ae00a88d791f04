"""Where the one virtual environment lies and what is in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


class Environment:
    """The paths of a checkout's `.venv`, on every system."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.stamp = self.folder / "medseg-setup.json"
        self.log = root / ".medseg-bootstrap" / "setup.log"

    @property
    def bin(self) -> Path:
        """The folder of the environment's programs."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def site_packages(self) -> Path:
        """The folder of the environment's packages."""
        if os.name == "nt":
            return self.folder / "Lib" / "site-packages"
        return self.folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    def program(self, name: str) -> Path:
        """The path of one of the environment's programs, such as python or medseg."""
        return self.bin / (f"{name}.exe" if os.name == "nt" else name)
