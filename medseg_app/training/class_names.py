"""plain_name: by what two names of a class are the same."""

from __future__ import annotations

SPELLINGS = (("our", "or"), ("oe", "e"), ("ae", "e"))
"""What British and American English write differently."""


def plain_name(name: str) -> str:
    """A name without case, spaces and signs, in American English."""
    plain = "".join(c for c in name.casefold() if c.isalnum())
    for british, american in SPELLINGS:
        plain = plain.replace(british, american)
    return plain
