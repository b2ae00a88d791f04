"""A JSON file that somebody wrote to describe a data set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from medseg_app.core.errors import InputError


def read_json_object(path: Path, hint: str) -> dict[str, Any]:
    """What stands in it by name. Raises InputError, with this hint, where it does not hold that."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}).", "Check that it is JSON.") from error
    if not isinstance(data, dict):
        raise InputError(f"{path} is not the description of a data set.", hint)
    return data
