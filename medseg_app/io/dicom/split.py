"""Split a series into the stacks of slices that belong together.

Two questions are asked. What can never lie in one grid (orientation, matrix, spacing, frame of
reference, kind of object) is parted always. What may vary along an ordinary stack (acquisition,
time, echo, b-value, image type) parts it only where slices lie at the same place, or where it
untangles an uneven stack: a plain series that was acquired in two goes stays one volume.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

from . import tags
from .heads import Head
from .place import SAME_PLACE_DIGITS, heights_of, is_even, is_placed, repeats

ANGLE_TOLERANCE = 1e-3
"""Direction cosines may differ by this much within one volume (0.06 degrees)."""
SPACING_TOLERANCE = 1e-4
GE_B_VALUE_FLAG = 100_000
"""GE adds a multiple of this to some b-values to mark how they were made."""


@dataclass(frozen=True)
class Stack:
    """Images that make one volume.

    part: what tells it from the other stacks of its series, in words; empty where it is alone.
    by_order: nothing in the headers told repeated positions apart, so image order did.
    own_references: each image states a frame of reference of its own, which was ignored.
    sizes: numbers of slices of all stacks into which the same images were split (one where unsplit).
    """

    heads: tuple[Head, ...]
    part: str = ""
    by_order: bool = False
    own_references: bool = False
    sizes: tuple[int, ...] = ()


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
        text = head.text(self.number)
        if self.number in tags.EIGHT_BYTE_NUMBERS or self.number == tags.B_VALUE_GE:
            text = " ".join(f"{part:g}" for part in self.value(head))
        return f"{self.word} {text}" if text else f"without {self.word}"


TRAITS = (
    Trait(tags.DIMENSION_INDEX, "dimension", numeric=False),
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
    Trait(tags.ACQUISITION_DATE_TIME, "acquired", numeric=False, is_time=True),
    Trait(tags.ACQUISITION_TIME, "acquired at", numeric=False, is_time=True),
    Trait(tags.CONTENT_TIME, "made at", numeric=False, is_time=True),
)
"""In the order in which they are asked where several would do."""

NATURE = (tags.SOP_CLASS, tags.STACK, tags.PHOTOMETRIC)
RELATIVE_CLOCKS = (tags.TRIGGER_TIME, tags.TEMPORAL_POSITION, tags.FRAME_REFERENCE_TIME)
"""Times that count from the start of a heart beat or of the series."""
CLOCKS = (*RELATIVE_CLOCKS, tags.ACQUISITION_DATE_TIME, tags.ACQUISITION_TIME)
"""Times that may differ from slice to slice: their order at one place tells the phases apart."""


def split(heads: Iterable[Head]) -> list[Stack]:
    """The stacks of one series, in the order of what tells them apart."""
    images = list(heads)
    own_references = _each_its_own_reference(images)
    stacks: list[Stack] = []
    for group in _apart(images, own_references):
        parts = _untangled(group)
        sizes = tuple(len(part.heads) for part in parts) if len(parts) > 1 else ()
        stacks += [replace(part, own_references=own_references, sizes=sizes) for part in parts]
    if len(stacks) == 1:
        return [replace(stacks[0], part="")]
    return [replace(stack, part=stack.part or _plane_words(stack.heads[0])) for stack in stacks]


# -- what never lies in one grid -------------------------------------------------------------------


def _each_its_own_reference(images: list[Head]) -> bool:
    references = {head.values.get(tags.FRAME_OF_REFERENCE) for head in images}
    return len(images) > 2 and len(references) == len(images)


def _apart(images: list[Head], ignore_references: bool) -> list[list[Head]]:
    groups: dict[Hashable, list[Head]] = {}
    for head in images:
        groups.setdefault(_grid_key(head, ignore_references), []).append(head)
    merged: dict[Hashable, list[Head]] = {}
    known: list[tuple[float, ...]] = []
    for key in sorted(groups, key=lambda key: _sort_key(groups[key][0])):
        first = groups[key][0]
        plane = _same_plane(_plane(first), known)
        exact = None if is_placed(first) else (first.path, first.text(tags.SOP_INSTANCE))
        merged.setdefault((plane, _kind(first, ignore_references), exact), []).extend(groups[key])
    return list(merged.values())


def _grid_key(head: Head, ignore_references: bool) -> Hashable:
    """Raw bytes that are equal for nearly all images of a volume: cheap, so that few need a closer look."""
    get = head.values.get
    place = get(tags.POSITION) is None and (head.path, get(tags.SOP_INSTANCE))
    return _nature(head, ignore_references), get(tags.ORIENTATION), get(tags.PIXEL_SPACING), place


def _nature(head: Head, ignore_references: bool) -> Hashable:
    get = head.values.get
    reference = None if ignore_references else get(tags.FRAME_OF_REFERENCE)
    return reference, _is_localizer(head), *map(get, NATURE), get(tags.ROWS), get(tags.COLUMNS)


def _kind(head: Head, ignore_references: bool) -> Hashable:
    """The same without the padding that writers differ in."""
    reference = None if ignore_references else head.text(tags.FRAME_OF_REFERENCE)
    matrix = head.integer(tags.ROWS), head.integer(tags.COLUMNS)
    return reference, _is_localizer(head), *map(head.text, NATURE), matrix


def _is_localizer(head: Head) -> bool:
    return b"LOCALIZER" in head.values.get(tags.IMAGE_TYPE, b"")


def _plane(head: Head) -> tuple[float, ...]:
    return head.numbers(tags.ORIENTATION) + head.numbers(tags.PIXEL_SPACING)


def _same_plane(plane: tuple[float, ...], known: list[tuple[float, ...]]) -> int:
    """The number of the known plane that this one equals, or of a new one."""
    for number, other in enumerate(known):
        if len(other) == len(plane) and all(
            abs(a - b) <= (ANGLE_TOLERANCE if n < 6 else SPACING_TOLERANCE)
            for n, (a, b) in enumerate(zip(plane, other, strict=True))
        ):
            return number
    known.append(plane)
    return len(known) - 1


def _sort_key(head: Head) -> tuple[object, ...]:
    matrix = head.integer(tags.ROWS), head.integer(tags.COLUMNS)
    return _is_localizer(head), head.text(tags.FRAME_OF_REFERENCE), matrix, _plane(head), *_order(head)


def _plane_words(head: Head) -> str:
    words = "localizer " if _is_localizer(head) else ""
    cosines = head.numbers(tags.ORIENTATION)
    if len(cosines) != 6:
        return f"{words}image {head.text(tags.INSTANCE_NUMBER) or head.frame}"
    a, b = cosines[:3], cosines[3:]
    normal = [abs(a[1] * b[2] - a[2] * b[1]), abs(a[2] * b[0] - a[0] * b[2]), abs(a[0] * b[1] - a[1] * b[0])]
    plane = ("sagittal", "coronal", "axial")[normal.index(max(normal))]
    return f"{words}{plane} {head.integer(tags.COLUMNS)} x {head.integer(tags.ROWS)}"


# -- what may vary along a stack -------------------------------------------------------------------


def _untangled(images: list[Head]) -> list[Stack]:
    """Stacks without two images at one place."""
    most = repeats(images)
    if most == 1 and (len(images) < 6 or is_even(images)):
        return [Stack(tuple(images))]
    if most == 1:
        return _interleaved(images)
    best = _explaining(images, most)
    if best is not None:
        return [Stack(tuple(part), best.words(part[0])) for part in _parts(images, best)]
    partly = _narrowing(images, most)
    if partly is not None:
        stacks = []
        for part in _parts(images, partly):
            word = partly.words(part[0])
            stacks += [replace(s, part=f"{word}, {s.part}".rstrip(", ")) for s in _untangled(part)]
        return stacks
    return _by_rank(images)


def _parts(images: list[Head], trait: Trait) -> list[list[Head]]:
    groups: dict[tuple[float | str, ...], list[Head]] = {}
    for head in images:
        groups.setdefault(trait.value(head), []).append(head)
    return [groups[value] for value in sorted(groups)]


def _explaining(images: list[Head], most: int) -> Trait | None:
    """The trait that leaves no repeated place with the fewest parts; None where none does."""
    best, fewest = None, 2 * most + 1
    for trait in TRAITS:
        parts = _parts(images, trait)
        bound = min(fewest, most + 1) if trait.is_time else fewest
        if 1 < len(parts) < bound and all(repeats(part) == 1 for part in parts):
            best, fewest = trait, len(parts)
    return best


def _narrowing(images: list[Head], most: int) -> Trait | None:
    """The first trait that at least leaves fewer images at one place."""
    for trait in TRAITS:
        parts = _parts(images, trait)
        if 1 < len(parts) <= most and max(repeats(part) for part in parts) < most:
            return trait
    return None


def _interleaved(images: list[Head]) -> list[Stack]:
    """An uneven stack, parted where a trait shows it to be several even ones through each other."""
    for trait in TRAITS:
        parts = _parts(images, trait)
        if (
            1 < len(parts) <= len(images) // 3
            and all(len(p) >= 3 and is_even(p) for p in parts)
            and _overlap(parts)
        ):
            return [Stack(tuple(part), trait.words(part[0])) for part in parts]
    return [Stack(tuple(images))]


def _overlap(parts: list[list[Head]]) -> bool:
    ranges = sorted((min(heights), max(heights)) for heights in map(heights_of, parts))
    return all(later[0] < earlier[1] for earlier, later in pairwise(ranges))


def _by_rank(images: list[Head]) -> list[Stack]:
    """The n-th image at each place, in the order of time where one is stated, else of image numbers."""
    clock = next((number for number in CLOCKS if _tells(images, number)), None)
    places: dict[float, list[Head]] = {}
    for head, height in zip(images, heights_of(images), strict=True):
        places.setdefault(round(height, SAME_PLACE_DIGITS), []).append(head)
    at_places = [sorted(at_place, key=partial(_moment, clock)) for at_place in places.values()]
    fullest = max(at_places, key=len)
    ranks: dict[int, list[Head]] = {}
    for at_place in at_places:
        for rank, head in zip(_ranks(at_place, fullest, clock), at_place, strict=True):
            ranks.setdefault(rank, []).append(head)
    word = "repetition" if clock is None else "phase"
    return [Stack(tuple(ranks[n]), f"{word} {n + 1} of {len(ranks)}", clock is None) for n in sorted(ranks)]


def _tells(images: list[Head], number: int) -> bool:
    return len({head.values.get(number) for head in images}) > 1


def _moment(clock: int | None, head: Head) -> tuple[object, ...]:
    return (head.numbers(clock) if clock is not None else ()), _order(head)


def _ranks(at_place: list[Head], fullest: list[Head], clock: int | None) -> list[int]:
    """The phase of each image at one place.

    Where images are missing the n-th one is not of the n-th phase: the nearest time of the fullest
    place tells, if the clock counts within a phase and no two images would fall on one phase.
    """
    plain = list(range(len(at_place)))
    if clock not in RELATIVE_CLOCKS or len(at_place) == len(fullest):
        return plain
    times = [head.numbers(clock) for head in fullest]
    own = [head.numbers(clock) for head in at_place]
    if not all(times) or not all(own):
        return plain
    nearest = [_nearest(at[0], times) for at in own]
    return nearest if len(set(nearest)) == len(nearest) else plain


def _nearest(moment: float, times: list[tuple[float, ...]]) -> int:
    distances = [abs(time[0] - moment) for time in times]
    return distances.index(min(distances))


def _order(head: Head) -> tuple[object, ...]:
    return head.integer(tags.ACQUISITION_NUMBER), head.integer(tags.INSTANCE_NUMBER), head.path, head.frame
