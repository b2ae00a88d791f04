"""Reading JSON that a stranger may have written: size limit, no doubles, no NaN, nothing that runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from medseg_app.core.errors import ModelError

MAX_BYTES = 1_000_000
MAX_DEPTH = 32
FORBID_UNKNOWN = {"extra": "forbid"}
"""Read by pydantic: a key that nobody knows is a typing error, and is refused rather than ignored."""


def read_strict_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises ModelError where the file is too large, is not JSON, repeats a key, holds NaN or Infinity,
    or holds anything that MONAI would execute (`_target_` and its like, values that start with $).
    """
    data = parse_json(read_limited(path), path)
    _refuse_expressions(data, path, 0)
    return data


def parse_json(text: str, path: Path) -> dict[str, Any]:
    """The JSON object in a text. Raises ModelError for repeated keys, NaN, Infinity and other values."""
    try:
        data = json.loads(text, object_pairs_hook=_no_doubles, parse_constant=_no_constants)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{path} is not a valid JSON file ({error}).", "Copy the model folder again from its source."
        ) from error
    if not isinstance(data, dict):
        raise ModelError(f"{path} holds no JSON object.", "Copy the model folder again from its source.")
    return data


def read_limited(path: Path) -> str:
    """The text of a small file. Raises ModelError where it is too large, unreadable or not UTF-8."""
    if is_special(path):
        raise ModelError(f"{path} is not a file that can be read to its end.", "It is not a model card.")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ModelError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB.", "It is not a model card.")
        return raw.decode("utf-8")
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}).", "Copy the model folder again from its source."
        ) from error
    except UnicodeDecodeError as error:
        raise ModelError(
            f"{path} is not UTF-8 text.", "Copy the model folder again from its source."
        ) from error


def is_special(path: Path) -> bool:
    """Whether a path is a pipe, device or socket, at which a reader would wait for ever."""
    return path.exists() and not (path.is_file() or path.is_dir())


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _no_constants(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _refuse_expressions(value: Any, path: Path, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ModelError(f"{path} is nested too deeply.", "It is not a model card.")
    if isinstance(value, dict):
        for key, item in value.items():
            if key.startswith("_") and key.endswith("_"):
                _refuse(f"the key {key}", path)
            _refuse_expressions(item, path, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _refuse_expressions(item, path, depth + 1)
    elif isinstance(value, str) and value.startswith("$"):
        _refuse("a value that starts with $", path)


def _refuse(what: str, path: Path) -> None:
    raise ModelError(
        f"{path} holds {what}, which would run code on this computer.",
        "A model of another program has to be imported first: medseg models --import.",
    )
