"""Which classes were not annotated in which case: absent is not empty."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medseg_app.core.errors import InputError

from .case_name import case_name

HINT = 'It should look like {"case1": [3, 5], "case2": []}.'
MAX_BYTES = 64 << 20


@dataclass(frozen=True)
class UnknownClasses:
    """Values of classes that nobody annotated: in no case, and by the name of the case."""

    everywhere: tuple[int, ...] = ()
    by_case: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def of(self, name: str) -> tuple[int, ...]:
        """The values that take no part in a case, ascending."""
        return tuple(sorted({*self.everywhere, *self.by_case.get(name, ())}))

    def strangers(self, names: Collection[str]) -> list[str]:
        """Cases that are named here but are none: one that is misspelt is judged as fully annotated."""
        return sorted(set(self.by_case) - set(names))


def read_unknown(everywhere: tuple[int, ...], path: Path | None) -> UnknownClasses:
    """The classes of the command line, and those of a file where one is named."""
    return UnknownClasses(everywhere, {} if path is None else read_unknown_by_case(path))


def read_unknown_by_case(path: Path) -> dict[str, tuple[int, ...]]:
    """Class values by the name of the case, which may be written with or without its suffix.

    Raises InputError where the file is not a JSON object of lists of whole numbers above 0, or names a
    case twice.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path.name} is far too large for a list of classes.", HINT)
        # Objects become tuples of pairs, so that a case named twice is seen.
        pairs = json.loads(path.read_text("utf-8"), object_pairs_hook=tuple)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).", "Check the name.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path.name} is not valid JSON ({error}).", HINT) from error
    if not isinstance(pairs, tuple):
        raise InputError(f"{path.name} holds no JSON object.", HINT)
    unknown = {case_name(Path(name)): _values(values, name, path) for name, values in pairs}
    if len(unknown) < len(pairs):
        raise InputError(f"{path.name} names a case twice.", "Join its lists.")
    return unknown


def _values(values: Any, name: str, path: Path) -> tuple[int, ...]:
    whole = isinstance(values, list) and all(type(value) is int and value > 0 for value in values)
    if not whole:
        raise InputError(f"{path.name}: {name} has no list of class values.", HINT)
    return tuple(values)
