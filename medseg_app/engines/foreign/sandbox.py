"""Runs a job on a stranger's file in a child process without rights (see containment.py)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from medseg_app.core.errors import CouldNotBeDone, ModelError

from .contained_child import ANSWER

PROGRAM = Path(__file__).resolve().parents[3]
START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from medseg_app.engines.foreign.contained_child import main; main()"
)
MAX_FILE = 4 * 1024**3
"""Bytes of a weight file, as it comes and as it is kept."""
MEMORY_SHARE, LEAST_MEMORY = 4, 4 * 1024**3
SECONDS = 600
PATIENCE = 2
"""Waited for so many times the seconds of the processor: others compute as well."""
MAX_ANSWER = 20_000
WORDS = 300
"""A child may say no more than that: its words are a stranger's too."""
HINT = "Nothing was kept. Ask its authors for safetensors weights, or for another export of the model."


def run_contained(
    job: str, source: Path, put: Callable[[Path], object], options: dict[str, Any], *, strict: bool = False
) -> bytes:
    """The file that a job makes of a stranger's file.

    job: a name of contained_child.JOBS. put: puts the file or folder to work on (made from `source`, which
    is only named in messages) where it is told to. strict: refuse where the system cannot keep the child
    from the user's files. Raises ModelError with the reason where the job was not done.
    """
    try:
        private = Path(tempfile.mkdtemp(prefix="medseg-import-")).resolve()
    except OSError as error:
        raise CouldNotBeDone(f"There is no place for temporary files ({error.strerror}).") from error
    try:
        put(private / "in")
        trouble = _run(private, job, options, strict)
        if trouble:
            raise ModelError(f"{source} cannot be converted: {trouble}.", HINT)
        return _taken(private / "out", source)
    except OSError as error:
        raise CouldNotBeDone(
            f"{source} cannot be converted ({error.strerror or error}).", "Free some space and try again."
        ) from error
    finally:
        _remove(private)


def _run(private: Path, job: str, options: dict[str, Any], strict: bool) -> str:
    """What went wrong; empty where the child says that it is done."""
    size = sum(path.stat().st_size for path in private.rglob("*"))
    limits = {
        "memory_bytes": max(MEMORY_SHARE * size, LEAST_MEMORY),
        "seconds": SECONDS,
        "file_bytes": MAX_FILE,
    }
    order = {"options": options, "limits": limits, "files_must_be_out_of_reach": strict}
    words = [sys.executable, "-I", "-B", "-W", "ignore", "-c", START]
    process = subprocess.Popen(
        [*words, str(PROGRAM), str(private), job, json.dumps(order)],
        cwd=private, env=_environment(private), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True, close_fds=True,
    )  # fmt: skip
    try:
        code = process.wait(SECONDS * PATIENCE)
    except subprocess.TimeoutExpired:
        return f"it took more than {PATIENCE * SECONDS} seconds"
    finally:
        _end(process)
    return _answer(private / ANSWER, code)


def _remove(folder: Path) -> None:
    """Remove a folder in which a stranger's program may have nested others deeper than Python recurses."""
    names = (folder / f"lifted-{number}" for number in count())
    with suppress(OSError):
        while nested := [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]:
            for path in nested:
                for inner in path.iterdir():
                    inner.rename(next(names))
                path.rmdir()
    with suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)


def _environment(private: Path) -> dict[str, str]:
    """Nothing of the user's: no names, no paths, no keys."""
    # torch asks for a name, and would look for it in a list of users that the child may not read.
    fixed = {"TMPDIR": str(private), "HOME": str(private), "USER": "nobody", "OMP_NUM_THREADS": "1"}
    needed = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}  # Windows
    return fixed | needed


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the child and what it may have started."""
    if os.name == "nt":
        process.kill()
    else:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _answer(path: Path, code: int) -> str:
    try:
        if not _is_plain(path, MAX_ANSWER):
            raise ValueError
        error = json.loads(path.read_bytes())["error"]
        if not isinstance(error, str):
            raise TypeError
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return _ending(code)
    return "".join(letter if letter.isprintable() else " " for letter in error[:WORDS])


def _ending(code: int) -> str:
    if code == -getattr(signal, "SIGXCPU", 0):
        return f"it took more than {SECONDS} seconds of the processor"
    if code == -getattr(signal, "SIGKILL", 0):
        return "the system ended its reader, most likely for want of memory"
    return f"its reader ended without an answer ({code})"


def _taken(path: Path, source: Path) -> bytes:
    if not _is_plain(path, MAX_FILE):
        raise ModelError(f"{source} cannot be converted: nothing usable came of it.", HINT)
    return path.read_bytes()


def _is_plain(path: Path, most: int) -> bool:
    """Whether it is a file and no link to one; the child could put anything into its folder."""
    with suppress(OSError):
        found = path.lstat()
        return stat.S_ISREG(found.st_mode) and found.st_size <= most
    return False
