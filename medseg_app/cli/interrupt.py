"""What an interrupt does: it ends the command, but never in the middle of loading a compiled module."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ExtensionFileLoader
from types import FrameType

_LOADING = {ExtensionFileLoader.create_module.__code__, ExtensionFileLoader.exec_module.__code__}
_AGAIN_S = 0.02


@contextmanager
def stopped_by_signals(*, deaf_afterwards: bool) -> Iterator[None]:
    """Inside it Ctrl-C and SIGTERM interrupt; afterwards signals do what they did before, or nothing."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if before[signal.SIGINT] is signal.default_int_handler:  # else whoever started us wants it unheard
        signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        forget_interrupts()
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if deaf_afterwards else handler)


def forget_interrupts() -> None:
    """Drop an interrupt that still waits for a module."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0.0)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if hasattr(signal, "setitimer") and _loads_compiled(frame):
        # A C++ module that runs Python while it is loaded ends the whole process (abort) at an exception.
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
        return
    raise KeyboardInterrupt


def _loads_compiled(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code in _LOADING:
            return True
        frame = frame.f_back
    return False
