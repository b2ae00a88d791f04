"""Qt's bindings cannot use up the references of None, True and False."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from medseg_app.ui.lasting_constants import LASTING_SINCE, RESERVE


@pytest.mark.skipif(sys.version_info >= LASTING_SINCE, reason="these objects live for ever here")
def test_the_constants_have_a_reserve() -> None:
    assert all(sys.getrefcount(constant) > RESERVE // 2 for constant in (None, True, False))


def test_the_window_survives_any_number_of_calls_that_return_nothing() -> None:
    code = """
        import medseg_app.ui
        from PySide6.QtGui import QFont
        font = QFont()
        for _ in range(500_000):
            font.setPixelSize(11)
            font.bold()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
