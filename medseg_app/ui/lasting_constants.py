"""Keeps None, True and False alive where PySide drops references to them that it never took.

PySide 6.12.0 was built for Python 3.12 and later, where these objects live for ever. On Python 3.11 every
call of Qt that returns nothing takes one reference away, and after some minutes of painting the interpreter
ends with `none_dealloc`. A reserve that no session can use up prevents that; it costs nothing.
"""

from __future__ import annotations

import ctypes
import sys

RESERVE = 1 << 40
"""A million calls a second would use it up in twelve days."""
LASTING_SINCE = (3, 12)


def keep_constants() -> None:
    """Give None, True, False and their like a reserve of references; once is enough."""
    if sys.implementation.name != "cpython" or sys.version_info >= LASTING_SINCE:
        return
    for constant in (None, True, False, NotImplemented, Ellipsis):
        count = ctypes.c_ssize_t.from_address(id(constant))
        is_the_count = abs(count.value - sys.getrefcount(constant)) < 10
        if is_the_count and count.value < RESERVE:
            count.value += RESERVE
