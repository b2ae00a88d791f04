"""What other programs call a modality, in the words of DICOM."""

from __future__ import annotations

NAMES = {"CT": "CT", "PT": "PT", "PET": "PT"}
MR_BEGINNINGS = ("MR", "T1", "T2", "FLAIR", "ADC", "DWI")


def modality_named(name: str) -> str:
    """CT, MR or PT for a name such as "MRI", "T1w" or "PET"; empty for one that is not known."""
    word = name.strip().upper()
    return NAMES.get(word) or ("MR" if word.startswith(MR_BEGINNINGS) else "")
