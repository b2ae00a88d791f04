"""Made-up patients: CT volumes with known truth, for tests, demonstration and training recipes."""

from __future__ import annotations

from .marker import marker_phantom
from .phantom import Phantom, make_phantom

__all__ = ["Phantom", "make_phantom", "marker_phantom"]
