"""Where the real studies lie that are not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("MEDSEG_TEST_DATA", ROOT.parent / "shared" / "data"))
REQUIRED = os.environ.get("MEDSEG_REQUIRE_DATA") == "1"


def data(*parts: str) -> Path:
    """The path of a real study; skips the test where it is absent (fails with MEDSEG_REQUIRE_DATA=1)."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        missing("real data: " + "/".join(parts))
    return path


def missing(what: str) -> None:
    """Skip the running test for want of data or a tool, or fail it with MEDSEG_REQUIRE_DATA=1."""
    reason = f"not on this machine: {what}"
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)
