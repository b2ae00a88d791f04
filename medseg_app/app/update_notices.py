"""What a reader is told of an update of his models."""

from __future__ import annotations

from collections.abc import Sequence

from .notice import Notice
from .update_models import State, Updated

NONE_FETCHED = "None of your own models was downloaded, so nobody offers newer ones."


def update_notices(found: Sequence[Updated]) -> list[Notice]:
    """Remarks first, then what is new and what is not, then what could not be updated."""
    told = [Notice("note", remark) for one in found for remark in one.remarks]
    good = " ".join([*_sentence("Updated", found, "updated"), *_sentence("Up to date", found, "up to date")])
    failed = [one for one in found if one.state == "not updated"]
    if good or not failed:
        told.append(Notice("ok", good or NONE_FETCHED))
    if failed:
        names = ", ".join(one.model for one in failed)
        told.append(Notice("problem", f"Not updated: {names}.", failed[0].reason))
    return told


def _sentence(word: str, found: Sequence[Updated], state: State) -> list[str]:
    names = [f"{one.model} {one.version}".strip() for one in found if one.state == state]
    return [f"{word}: {', '.join(names)}."] if names else []
