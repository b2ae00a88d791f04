"""Jobs of the contained child done in this process, as a child takes seconds to start; for harmless files."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from medseg_app.engines.foreign import sandbox
from medseg_app.engines.foreign.contained_child import JOBS, Job, _trouble


@contextmanager
def jobs_done_here(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """A job gets the same private folder and gives the same answers; its process keeps all of its rights."""
    patch.setattr(sandbox, "_run", _run)
    patch.setattr(Job, "libraries_are_loaded", lambda job: None)  # it would limit the memory of this process
    patch.setattr(sys, "path", list(sys.path))
    patch.chdir(Path.cwd())
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "scripts"]:
        del sys.modules[name]


def _run(private: Path, job: str, options: dict[str, Any], strict: bool) -> str:
    order = Job(private, private / "in", private / "out", options, {"file_bytes": sandbox.MAX_FILE})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as the child does
        return _trouble(import_module(JOBS[job]).work, order)
