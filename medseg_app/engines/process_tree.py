"""End a process together with all that it started."""

from __future__ import annotations

from contextlib import suppress


def end_children(number: int) -> None:
    """Kill every process below the one of this number; none of them is left when it returns."""
    import psutil

    try:
        children = psutil.Process(number).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(children, timeout=5)
