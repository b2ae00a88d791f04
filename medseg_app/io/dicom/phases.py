"""Sort images that lie at the same places into phases by their order there."""

from __future__ import annotations

from functools import partial

from . import tags
from .heads import Head
from .place import image_order, places_of

RELATIVE_CLOCKS = (tags.TRIGGER_TIME, tags.TEMPORAL_POSITION, tags.FRAME_REFERENCE_TIME)
"""Times that count from the start of a heart beat or of the series."""
CLOCKS = (*RELATIVE_CLOCKS, tags.ACQUISITION_DATE_TIME, tags.ACQUISITION_TIME)
"""Times that may differ from slice to slice: their order at one place tells the phases apart."""


def clock_of(images: list[Head]) -> int | None:
    """The time that tells the phases apart at each place; None where none is stated."""
    return next((number for number in CLOCKS if _tells(images, number)), None)


def phases(images: list[Head], clock: int | None) -> list[list[Head]]:
    """The n-th image at each place, in the order of a time, else of image numbers."""
    places: dict[int, list[Head]] = {}
    for head, place in zip(images, places_of(images), strict=True):
        places.setdefault(place, []).append(head)
    at_places = [sorted(at_place, key=partial(_moment, clock)) for at_place in places.values()]
    fullest = max(at_places, key=len)
    ranks: dict[int, list[Head]] = {}
    for at_place in at_places:
        for rank, head in zip(_ranks(at_place, fullest, clock), at_place, strict=True):
            ranks.setdefault(rank, []).append(head)
    return [ranks[n] for n in sorted(ranks)]


def _tells(images: list[Head], number: int) -> bool:
    return len({head.values.get(number) for head in images}) > 1


def _moment(clock: int | None, head: Head) -> tuple[object, ...]:
    return (head.numbers(clock) if clock is not None else ()), image_order(head)


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
