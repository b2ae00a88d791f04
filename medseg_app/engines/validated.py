"""Objects of our dataclasses made of plain data, such as JSON or TOML, which is held to their types."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


def validated(kind: type[T], values: Any) -> T:
    """The object of a kind that the values make. Raises pydantic's ValidationError where they make none."""
    return cast("T", _adapter(kind).validate_python(values))  # type: ignore[arg-type]  # classes are hashable


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Made once for each kind: working out what its types ask for takes far longer than asking it."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
