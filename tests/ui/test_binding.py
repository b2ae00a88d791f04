"""The bindings of Qt may be called any number of times.

PySide 6.12.0 on Python 3.11 takes a reference to None, True or False away with every call that returns it;
after some minutes of painting the interpreter ends. The project's requirements leave that version out.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap


def test_any_number_of_calls_that_return_nothing() -> None:
    code = """
        from PySide6.QtGui import QFont
        font = QFont()
        for _ in range(500_000):
            font.setPixelSize(11)
            font.bold()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
