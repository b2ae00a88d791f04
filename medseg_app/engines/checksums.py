"""SHA256SUMS: the list of files that belong to a model folder, in the format of sha256sum."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from medseg_app.core.errors import ModelError

CHECKSUMS = "SHA256SUMS"
LINE = re.compile(r"([0-9a-f]{64})  ([^\\\r\n]{1,200})")
MAX_BYTES = 100_000
CHUNK = 1 << 22
REMEDY = "Copy the model folder again from its source."


def read_checksums(folder: Path) -> dict[str, str]:
    """Path inside the folder -> SHA-256. Raises ModelError where the list is missing or damaged."""
    path = folder / CHECKSUMS
    try:
        raw = path.read_bytes()[: MAX_BYTES + 1]
        lines = raw.decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"{folder} has no readable list of checksums ({CHECKSUMS}), so it is not a MedSeg model.", REMEDY
        ) from error
    matches = [LINE.fullmatch(line) for line in lines[:-1]]
    if len(raw) > MAX_BYTES or lines[-1] or not all(matches):
        raise ModelError(f"{path} is damaged.", REMEDY)
    sums = {match[2]: match[1] for match in matches if match}
    if len(sums) != len(matches):
        raise ModelError(f"{path} names a file twice.", REMEDY)
    return sums


def write_checksums(folder: Path, names: list[str]) -> None:
    """Write the list for files that stand in the folder already."""
    lines = [f"{sha256_of((folder / name).read_bytes())}  {name}\n" for name in sorted(names)]
    (folder / CHECKSUMS).write_bytes("".join(lines).encode())


def sha256_of(data: bytes) -> str:
    """SHA-256 as lower-case hexadecimal text."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_files(paths: Sequence[Path]) -> str:
    """SHA-256 over the bytes of files, one after another."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    return digest.hexdigest()


def inside(folder: Path, name: str) -> Path:
    """The path of a file of the folder. Raises ModelError where the name would lead out of it."""
    pure = PurePosixPath(name)
    path = folder / pure
    leads_out = pure.is_absolute() or ".." in pure.parts or ":" in name or "\\" in name
    if leads_out or not path.resolve().is_relative_to(folder.resolve()):
        raise ModelError(f"{folder} names the file {name}, which lies outside the model folder.", REMEDY)
    return path


def read_checked(folder: Path, name: str, sums: dict[str, str]) -> bytes:
    """The bytes of a file whose hash was compared. Raises ModelError where it was changed or is missing."""
    path = inside(folder, name)
    if name not in sums:
        raise ModelError(f"{path} is not in the list of checksums ({CHECKSUMS}).", REMEDY)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}).", REMEDY) from error
    if sha256_of(data) != sums[name]:
        raise ModelError(f"{path} was changed after the model was made (its SHA-256 differs).", REMEDY)
    return data
