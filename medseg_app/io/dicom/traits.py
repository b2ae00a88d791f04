"""The attributes that can tell apart images at one place, and how they are said in words."""

from __future__ import annotations

from dataclasses import dataclass

from . import tags
from .heads import Head

GE_B_VALUE_FLAG = 100_000
"""GE adds a multiple of this to some b-values to mark how they were made."""


@dataclass(frozen=True)
class Trait:
    """An attribute that can tell apart images at the same place.

    is_time: it may differ from slice to slice within a phase, so that only its order means something.
    """

    number: int
    word: str
    numeric: bool = True
    is_time: bool = False

    def value(self, head: Head) -> tuple[float | str, ...]:
        """The attribute's value, sortable among heads of one series."""
        if self.number == tags.B_VALUE_GE:
            return tuple(number % GE_B_VALUE_FLAG for number in head.numbers(self.number)[:1])
        if self.numeric:
            return head.numbers(self.number)
        text = head.text(self.number)
        return tuple(part.strip() for part in text.split("\\")) if text else ()

    def words(self, head: Head) -> str:
        """The value as a person reads it."""
        text = head.text(self.number).replace("\\", " ")
        if self.number in tags.EIGHT_BYTE_NUMBERS or self.number == tags.B_VALUE_GE:
            text = " ".join(f"{part:g}" for part in self.value(head))
        return f"{self.word} {text}" if text else f"without {self.word}"


TRAITS = (
    Trait(tags.B_VALUE, "b-value"),
    Trait(tags.B_VALUE_SIEMENS, "b-value"),
    Trait(tags.B_VALUE_GE, "b-value"),
    Trait(tags.TEMPORAL_POSITION, "time point"),
    Trait(tags.TRIGGER_TIME, "trigger time", is_time=True),
    Trait(tags.ECHO_NUMBER, "echo"),
    Trait(tags.ECHO_TIME, "echo time"),
    Trait(tags.IMAGE_TYPE, "image type", numeric=False),
    Trait(tags.SEQUENCE_NAME, "sequence", numeric=False),
    Trait(tags.INVERSION_TIME, "inversion time"),
    Trait(tags.FLIP_ANGLE, "flip angle"),
    Trait(tags.FRAME_REFERENCE_TIME, "frame time", is_time=True),
    Trait(tags.CONVOLUTION_KERNEL, "kernel", numeric=False),
    Trait(tags.SLICE_THICKNESS, "slice thickness"),
    Trait(tags.ACQUISITION_NUMBER, "acquisition"),
    Trait(tags.GRADIENT_DIRECTION, "gradient direction"),
    Trait(tags.DIMENSION_INDEX, "dimension", numeric=False),
    Trait(tags.ACQUISITION_DATE_TIME, "acquired", numeric=False, is_time=True),
    Trait(tags.ACQUISITION_TIME, "acquired at", numeric=False, is_time=True),
    Trait(tags.CONTENT_TIME, "made at", numeric=False, is_time=True),
)
"""In the order in which they are asked where several would do."""
