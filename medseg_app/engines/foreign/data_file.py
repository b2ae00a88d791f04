"""JSON and YAML that a stranger wrote, as plain values: nothing is evaluated, nothing is built."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from medseg_app.core.errors import ModelError
from medseg_app.engines.strict_json import MAX_DEPTH, parse_json, read_limited

PLAIN = (str, int, float, bool, type(None))
REMEDY = "Ask its authors for a model whose files are plain JSON or YAML."


def read_data_file(path: Path) -> dict[str, Any]:
    """The table in a .json, .yaml or .yml file. Raises ModelError where it is not one, or is hostile."""
    text = read_limited(path)
    data = parse_json(text, path) if path.suffix.lower() == ".json" else _parse_yaml(text, path)
    require_plain(data, path, 0)
    return data


def _parse_yaml(text: str, path: Path) -> dict[str, Any]:
    import yaml

    try:
        # One alias that names another can stand for billions of values; no model needs any.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            raise ModelError(f"{path} holds aliases, which can stand for any amount of data.", REMEDY)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first_line = str(error).partition("\n")[0]
        raise ModelError(f"{path} is not plain YAML ({first_line}).", REMEDY) from error
    if not isinstance(data, dict):
        raise ModelError(f"{path} holds no table.", REMEDY)
    return data


def require_plain(value: Any, path: Path, depth: int) -> None:
    """Raises ModelError for anything but tables, lists, words and numbers, and for deep nesting."""
    if depth > MAX_DEPTH:
        raise ModelError(f"{path} is nested too deeply.", REMEDY)
    if isinstance(value, dict):
        if not all(isinstance(key, str | int) for key in value):
            raise ModelError(f"{path} holds a key that is no word.", REMEDY)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            require_plain(item, path, depth + 1)
    elif not isinstance(value, PLAIN) or (isinstance(value, float) and not math.isfinite(value)):
        raise ModelError(f"{path} holds {str(value)[:40]}, which is no word and no number.", REMEDY)
