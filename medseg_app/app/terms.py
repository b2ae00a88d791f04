"""What the line for a new segment offers, from the one vocabulary (SNOMED CT codes as DICOM uses them)."""

from __future__ import annotations

from medseg_app.io.terminology import Term, find, search

__all__ = ["Term", "search_terms"]

FIRST = ("Tumour", "Metastasis", "Cyst", "Liver", "Right kidney", "Left kidney")
"""What an empty search offers."""


def search_terms(text: str) -> list[Term]:
    """Terms in which each typed word begins a word; names that begin with the text come first."""
    if text.split():
        return search(text)
    return [term for name in FIRST if (term := find(name)) is not None]
