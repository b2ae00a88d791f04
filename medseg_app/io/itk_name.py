"""Names under which ITK finds a file: it takes UTF-8 only, whatever the system's file names are in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def itk_name(path: Path) -> Iterator[str]:
    """Yield a name for ITK: the file's own, or that of a link in the system's folder for temporary files.

    A name in another encoding (an old file in Latin-1) would end the whole process in ITK.
    """
    if _is_utf8(path):
        yield str(path)
        return
    with tempfile.TemporaryDirectory(prefix="medseg-") as links:
        folder = Path(links) / "folder"
        # The folder, as a header may name a file beside it; the file itself where its own name is strange.
        folder.symlink_to(path.parent.absolute(), target_is_directory=True)
        if _is_utf8(Path(path.name)):
            yield str(folder / path.name)
            return
        file = Path(links) / f"file{''.join(filter(str.isascii, path.suffix))}"
        file.symlink_to(path.absolute())
        yield str(file)


def _is_utf8(path: Path) -> bool:
    return os.fsencode(path) == str(path).encode("utf-8", "replace")
