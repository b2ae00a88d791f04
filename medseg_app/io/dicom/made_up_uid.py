"""UIDs of made-up studies: the same text always gives the same UID, in the arc that needs no registration."""

from __future__ import annotations

import hashlib


def made_up_uid(*parts: object) -> str:
    """A UID under 2.25 made from the parts; different parts give different UIDs."""
    text = "\x1f".join(str(part) for part in ("medseg phantom", *parts))
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"
