"""Split a series into the stacks of slices that belong together.

Two questions are asked. What can never lie in one grid (orientation, matrix, spacing, frame of
reference, kind of object) is parted always. What may vary along an ordinary stack (acquisition,
time, echo, b-value, image type) parts it only where slices lie at the same place, or where it
untangles an uneven stack: a plain series that was acquired in two goes stays one volume.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from .heads import Head
from .one_grid import apart, each_its_own_reference, owners, plane_words
from .phases import clock_of, phases
from .place import heights_of, is_even, repeats
from .traits import TRAITS, Trait


@dataclass(frozen=True)
class Stack:
    """Images that make one volume.

    part: what tells it from the other stacks of its series, in words; empty where it is alone.
    by_order: nothing in the headers told repeated positions apart, so image order did.
    own_references: each image states a frame of reference of its own, which was ignored.
    mixed: images of several patients, studies or modalities stood under one SeriesInstanceUID.
    sizes: numbers of slices of all stacks into which the same images were split (one where unsplit).
    """

    heads: tuple[Head, ...]
    part: str = ""
    by_order: bool = False
    own_references: bool = False
    sizes: tuple[int, ...] = ()
    mixed: bool = False


def split(heads: Iterable[Head]) -> list[Stack]:
    """The stacks of one series, in the order of what tells them apart."""
    images = list(heads)
    own_references = each_its_own_reference(images)
    owner = owners(images)
    stacks: list[Stack] = []
    for group in apart(images, own_references, owner):
        parts = _untangled(group)
        sizes = tuple(len(part.heads) for part in parts) if len(parts) > 1 else ()
        stacks += [
            replace(part, own_references=own_references, sizes=sizes, mixed=bool(owner)) for part in parts
        ]
    if len(stacks) == 1:
        return [replace(stacks[0], part="")]
    return [replace(stack, part=stack.part or plane_words(stack.heads[0])) for stack in stacks]


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
    clock = clock_of(images)
    ranked = phases(images, clock)
    word = "repetition" if clock is None else "phase"
    return [
        Stack(tuple(part), f"{word} {number} of {len(ranked)}", by_order=clock is None)
        for number, part in enumerate(ranked, start=1)
    ]
