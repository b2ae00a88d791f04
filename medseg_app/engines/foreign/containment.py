"""What a child process gives up before it looks at a stranger's file (runs in the child).

Files: reading Python and the system's libraries, writing its private folder (Landlock, Linux 5.13).
Network: a network of its own without any device (Linux), and no sockets (seccomp). Other processes: none can
be started, and none be reached (seccomp). Memory, processor time, size of files: limits of the system
(POSIX).
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from pathlib import Path

from .landlock import keep_to, landlock_version
from .seccomp import can_give_up_calls, give_up_calls

NEW_USER, NEW_NETWORK = 0x1000_0000, 0x4000_0000
SECONDS_TO_END = 5
SYSTEM = (
    "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom",
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system", "/sys/fs/cgroup",
)  # fmt: skip
"""What the interpreter and the libraries of numbers read; no folder in which people keep files."""


def can_keep_files_away() -> bool:
    """Whether this system can keep a child from the user's files."""
    return landlock_version() > 0 and can_give_up_calls()


def give_up_files_and_network(private: Path, program: Path) -> bool:
    """Call it before threads are started. Whether files, network and other processes are out of reach now.

    private: the only folder that stays writable. program: the folder in which MedSeg's package lies;
    of it the package alone stays readable, for a checkout may lie among a user's files.
    """
    _leave_network()
    libraries = {sys.prefix, sys.base_prefix, *sys.path} - {"", str(program)}
    names = [*SYSTEM, *libraries, str(program / "medseg_app")]
    try:
        is_kept = keep_to(private, [Path(name).resolve() for name in names])
    except OSError:  # a container may forbid the calls that its kernel knows
        is_kept = False
    return give_up_calls() and is_kept


def limit(memory_bytes: int, seconds: int, file_bytes: int) -> bool:
    """Call it after the libraries were loaded: memory_bytes comes on top of what they take."""
    try:
        import resource
    except ImportError:  # Windows
        return False
    address_space = _address_space() + memory_bytes
    spent = resource.getrusage(resource.RUSAGE_SELF)
    time = int(spent.ru_utime + spent.ru_stime) + seconds
    for kind, most in (
        (resource.RLIMIT_AS, (address_space, address_space)),
        # Two limits, as the end at the first one says why, and the end at the second one does not.
        (resource.RLIMIT_CPU, (time, time + SECONDS_TO_END)),
        (resource.RLIMIT_FSIZE, (file_bytes, file_bytes)),
        (resource.RLIMIT_CORE, (0, 0)),
    ):
        with contextlib.suppress(ValueError, OSError):  # the system's own limit may be lower
            resource.setrlimit(kind, most)
    return True


def _leave_network() -> None:
    """Into a network without devices. Some systems refuse that; then there are no sockets at least."""
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None, use_errno=True)
        # An ordinary user may leave it only in a user namespace of its own, and root leaves its powers so.
        if libc.unshare(NEW_USER | NEW_NETWORK) != 0:
            libc.unshare(NEW_NETWORK)


def _address_space() -> int:
    """Bytes of address space that this process takes now; a generous guess where nobody tells."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith("VmSize:"):
                return int(line.split()[1]) * 1024
    return 16 * 1024**3
