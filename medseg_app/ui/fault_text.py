"""A fault of the program as text that may be sent away: types, frames and messages, no patient data."""

from __future__ import annotations

import re
import traceback

REMOVED = "<removed>"
PATTERNS = (
    r"(?<!\w)[bru]{0,2}\"[^\"]*(?:\"|$)",
    r"(?<!\w)[bru]{0,2}'.*?(?:'(?!\w)|$)",  # an apostrophe inside a word ends nothing: O'Brien
    r"`[^`]*(?:`|$)",
    r"[\u201c\u201e\u00ab\u2018\u201a].*?(?:[\u201c\u201d\u00bb\u2019]|$)",
    r"\S*[/\\][^\n]*",  # a path may hold blanks, so the rest of its line goes with it
    r"(?:[\w,.-]+ ){0,2}[^\s'\"]*\^[^\n]*",  # DICOM's way to write a name, with what may be its first words
    r"\S*\.(?:dcm|nii|nrrd|mha|gz|medseg|ima)\b",
    r"\b\d+(?:\.\d+){3,}\b",  # identifiers of DICOM
    r"\b(?:\d{4}-\d\d-\d\d|\d{1,2}\.\d{1,2}\.\d{4}|\d{8})\b",  # dates
)
PRIVATE = re.compile("|".join(PATTERNS), re.DOTALL | re.IGNORECASE)
"""What may hold a patient: quoted text, paths, names, identifiers and dates."""
LONGEST = 1000
"""Characters of a message that are looked at; the rest is left out."""


def fault_text(error: BaseException) -> str:
    """Frames, type and message of an exception and of those that led to it, the first one first.

    Messages may quote files and what stands in them, so their private parts are left out.
    """
    parts = [_one(each) for each in reversed(_chain(error))]
    return "\n\nwhich led to\n\n".join(parts)


def without_patient(message: str) -> str:
    """A message with everything replaced that may name a patient."""
    return PRIVATE.sub(REMOVED, message[:LONGEST])


def _chain(error: BaseException) -> list[BaseException]:
    """An exception, what it came from, and so on; each once."""
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return found


def _one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    kind = type(error)
    lines = [f"{kind.__module__}.{kind.__qualname__}: {without_patient(str(error))}"]
    if isinstance(error, BaseExceptionGroup):
        lines += [fault_text(part) for part in error.exceptions]
    return frames + "\n".join(lines)
