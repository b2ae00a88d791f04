"""Files of a command that fails: its own are removed, and what stood there before is put back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from medseg_app.io.earlier_file import earlier_file


@contextmanager
def all_or_nothing(paths: Sequence[Path]) -> Iterator[None]:
    """Where the block does not end well, every path holds again what it held before, or nothing.

    So no result of a failed command stands under its name, and none of the user's earlier ones is lost.
    """
    with ExitStack() as stack:
        earlier = {path: stack.enter_context(earlier_file(path)) for path in paths}
        before = {path: identity(path) for path in paths}
        try:
            yield
        except BaseException:
            for path in paths:
                if identity(path) != before[path]:
                    _put_back(path, earlier[path])
            raise


def _put_back(path: Path, earlier: Path | None) -> None:
    if earlier is None:
        path.unlink(missing_ok=True)
    else:
        earlier.replace(path)


def identity(path: Path) -> tuple[int, int] | None:
    """Tells a file from the one that takes its place; None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns
