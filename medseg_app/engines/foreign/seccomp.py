"""seccomp: the part of the Linux kernel by which a process gives up calls of the system.

Landlock keeps files from being opened. What it leaves open is closed here: sockets, also those in folders on
which other programs of the user wait for orders; length (Landlock before Linux 6.2), rights, owners and times
of files; further processes; signals to and limits of other processes; shared memory and keys of the user's.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Kind of processor -> how the kernel names its calls."""
CALLS = {
    "socket": (41, 198), "io_uring_setup": (425, 425),
    "truncate": (76, 45),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "file_setattr": (469, 469),
    "fork": (57, None), "vfork": (58, None), "setsid": (112, 157), "setpgid": (109, 154),
    "unshare": (272, 97), "setns": (308, 268),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434), "pidfd_send_signal": (424, 424), "pidfd_getfd": (438, 438),
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "setpriority": (141, 140), "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "mq_open": (240, 180),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192), "semctl": (66, 191),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
}  # fmt: skip
"""Calls that are refused, and their numbers in the order of MACHINES; None where there is no such call."""
CLONE, CLONE_THREAD = (56, 220), 0x0001_0000
CLONE3 = (435, 435)
"""Where it is said not to exist, threads are made by clone, whose flags can be looked at."""
PRLIMIT, TGKILL, SCHED_SETAFFINITY = (302, 261), (234, 131), (203, 122)
ORDERS = {
    (72, 25): (8, 10, 15),  # fcntl: whom to send which signal when a file can be read
    (16, 29): (0x4008_6602, 0x401C_5820),  # ioctl: attributes of files
}
"""Calls of which some orders, their second argument, are refused."""
OTHER_NUMBERS = 0x4000_0000
"""From here on x86_64 counts the same calls once more."""

GET_MODE, SET_MODE, FILTER = 21, 22, 2
NO_NEW_PRIVILEGES = 38
LOAD, EQUAL, AT_LEAST, HAS_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24
"""Where the kernel puts them, in bytes."""
ALLOW, END, ERROR = 0x7FFF_0000, 0x8000_0000, 0x0005_0000


def can_give_up_calls() -> bool:
    """Whether this is Linux with seccomp on a processor whose calls are known here."""
    if not sys.platform.startswith("linux") or platform.machine() not in MACHINES:
        return False
    return ctypes.CDLL(None).prctl(GET_MODE, 0, 0, 0, 0) >= 0


def give_up_calls() -> bool:
    """Give up CALLS for good, before threads are started; holds for what is executed, too.

    False where the system has no seccomp or refuses it.
    """
    if not can_give_up_calls():
        return False
    program = b"".join(_program())
    lines = ctypes.create_string_buffer(program, len(program))
    whole = struct.pack("@HP", len(program) // 8, ctypes.addressof(lines))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return bool(libc.prctl(SET_MODE, FILTER, ctypes.create_string_buffer(whole, len(whole)), 0, 0) == 0)


def _program() -> list[bytes]:
    """The filter that the kernel runs before each call, in its own small language."""
    column = list(MACHINES).index(platform.machine())
    refused = [numbers[column] for numbers in CALLS.values()]
    return [
        _line(LOAD, MACHINE),
        _line(EQUAL, MACHINES[platform.machine()], 1, 0),
        _line(RETURN, END),
        _line(LOAD, NUMBER),
        _line(AT_LEAST, OTHER_NUMBERS, 0, 1),
        _line(RETURN, ERROR | errno.EPERM),
        *(line for number in refused if number is not None for line in _refuse(number, errno.EPERM)),
        *_refuse(CLONE3[column], errno.ENOSYS),
        *(line for numbers, orders in ORDERS.items() for order in orders
          for line in _refuse_order(numbers[column], order)),
        *_only_where(CLONE[column], HAS_BIT, CLONE_THREAD),
        *_only_where(PRLIMIT[column], EQUAL, 0),
        *_only_where(TGKILL[column], EQUAL, os.getpid()),
        *_only_where(SCHED_SETAFFINITY[column], EQUAL, 0),
        _line(RETURN, ALLOW),
    ]  # fmt: skip


def _refuse(number: int, error: int) -> list[bytes]:
    return [_line(EQUAL, number, 0, 1), _line(RETURN, ERROR | error)]


def _refuse_order(number: int, order: int) -> list[bytes]:
    return [
        _line(EQUAL, number, 0, 4),
        _line(LOAD, SECOND_ARGUMENT),
        _line(EQUAL, order, 0, 1),
        _line(RETURN, ERROR | errno.EPERM),
        _line(LOAD, NUMBER),
    ]


def _only_where(number: int, test: int, value: int) -> list[bytes]:
    """Refuse a call unless its first argument stands the test."""
    return [
        _line(EQUAL, number, 0, 4),
        _line(LOAD, FIRST_ARGUMENT),
        _line(test, value, 1, 0),
        _line(RETURN, ERROR | errno.EPERM),
        _line(RETURN, ALLOW),
    ]


def _line(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    """One instruction; if_so, if_not: how many of those that follow are left out."""
    return struct.pack("=HBBI", code, if_so, if_not, value)
