"""Landlock: the part of the Linux kernel by which a process gives up its own access to files.

Only the calls that are needed here, by number, as Python's library has none. The numbers are the same
on all processors that Linux has had Landlock on.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
PATH_BENEATH = 1
VERSION_QUESTION = 1
NO_NEW_PRIVILEGES = 38

READING = 0b1101  # execute, read a file, read a folder
FIRST_VERSION_RIGHTS = 0b1_1111_1111_1111
LATER_RIGHTS = {2: 1 << 13, 3: 1 << 14, 5: 1 << 15}  # move between folders, truncate, talk to devices
NETWORK_VERSION, NETWORK_RIGHTS = 4, 0b11  # bind and connect by TCP
SCOPE_VERSION, SCOPES = 6, 0b11  # abstract sockets and signals


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def landlock_version() -> int:
    """The version of Landlock in this kernel; 0 where there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(_call(CREATE_RULESET, None, 0, VERSION_QUESTION), 0)


def keep_to(writable: Path, readable: Iterable[Path]) -> bool:
    """Give up every file but those below `writable`, and reading those below `readable`; no way back.

    Holds for this process and all that it starts; also gives up TCP and, where the kernel knows how,
    signals to other processes. False where the kernel has no Landlock; raises OSError where it refuses.
    """
    version = landlock_version()
    if not version:
        return False
    rights = FIRST_VERSION_RIGHTS | sum(right for since, right in LATER_RIGHTS.items() if version >= since)
    rules = _Ruleset(rights)
    rules.network = NETWORK_RIGHTS if version >= NETWORK_VERSION else 0
    rules.scopes = SCOPES if version >= SCOPE_VERSION else 0
    ruleset = _checked(_call(CREATE_RULESET, ctypes.byref(rules), _size(version), 0))
    _allow(ruleset, writable, rights)
    for folder in readable:
        if folder.exists():
            _allow(ruleset, folder, READING)
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(_call(RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)
    return True


def _size(version: int) -> int:
    """How much of the description this kernel reads: older ones refuse what they do not know."""
    if version >= SCOPE_VERSION:
        return 24
    return 16 if version >= NETWORK_VERSION else 8


def _allow(ruleset: int, folder: Path, rights: int) -> None:
    descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)  # type: ignore[attr-defined,unused-ignore]
    try:
        if not folder.is_dir():
            rights &= 0b110  # what a single file allows: write and read
        beneath = _Beneath(rights, descriptor)
        _checked(_call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(beneath), 0))
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    return int(libc.syscall(ctypes.c_long(number), *arguments))


def _checked(answer: int) -> int:
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer
