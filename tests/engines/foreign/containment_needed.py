"""What some systems cannot do: contain a stranger's program. A mark for tests, and a child that cannot."""

from __future__ import annotations

import pytest

from medseg_app.engines.foreign.containment import can_keep_files_away

needs_containment = pytest.mark.skipif(
    not can_keep_files_away(), reason="this system cannot contain a program"
)

UNABLE = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from medseg_app.engines.foreign import contained_child as c;"
    "c.give_up_files_and_network = lambda *_: False; c.main()"
)
"""Starts a child (sandbox.START) in which the calls that would contain it are refused."""
