"""Processes of their own that do not begin with the user's script.

A spawned process of Python first runs the main module again: a script of three lines that loads a study
would start over in every process, and start processes of its own there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Lock
from types import ModuleType

_one_at_a_time = Lock()


class _Process(SpawnProcess):
    def start(self) -> None:
        with _main_module_hidden():
            super().start()


class _Context(SpawnContext):
    Process = _Process


SPAWNED = _Context()
"""The context of `multiprocessing` from which all our processes come."""


@contextmanager
def _main_module_hidden() -> Iterator[None]:
    """Inside it `__main__` is an empty module, which a new process has no need to run."""
    with _one_at_a_time:
        hidden = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = hidden
