"""needs_containment: marks tests that run a stranger's program, which some systems cannot contain."""

from __future__ import annotations

import pytest

from medseg_app.engines.foreign.containment import can_keep_files_away

needs_containment = pytest.mark.skipif(
    not can_keep_files_away(), reason="this system cannot contain a program"
)
