"""What a case is called: the name of its file without the suffix that tells the format."""

from __future__ import annotations

from pathlib import Path

LABEL_SUFFIXES = (".medseg", ".seg.dcm", ".dcm", ".seg.nrrd", ".nrrd", ".nii.gz", ".nii", ".mha")
"""Files that can hold labels; of several files of one case those that tell more come first."""


def case_name(path: Path) -> str:
    """The file's name without its longest known suffix; the whole name where none is known."""
    suffix = label_suffix(path) or (".json" if path.name.lower().endswith(".json") else "")
    return path.name[: len(path.name) - len(suffix)]


def label_suffix(path: Path) -> str:
    """The longest suffix of a label file that fits, in small letters; empty where none does."""
    name = path.name.lower()
    return max((suffix for suffix in LABEL_SUFFIXES if name.endswith(suffix)), key=len, default="")
