"""Part the images of a series that can never lie in one grid."""

from __future__ import annotations

from collections.abc import Hashable

from . import tags
from .heads import Head
from .place import image_order, is_placed

ANGLE_TOLERANCE = 1e-3
"""Direction cosines may differ by this much within one volume (0.06 degrees)."""
SPACING_TOLERANCE = 1e-4
OWNER = (tags.PATIENT_ID, tags.STUDY_UID, tags.MODALITY)
"""What tells whose images they are, should careless anonymisers have given two series one UID."""
NATURE = (tags.SOP_CLASS, tags.STACK, tags.PHOTOMETRIC)
GRID = (*NATURE, tags.ROWS, tags.COLUMNS, tags.ORIENTATION, tags.PIXEL_SPACING)


def each_its_own_reference(images: list[Head]) -> bool:
    """Whether each image states a frame of reference of its own, as careless anonymisers leave it."""
    references = {head.values.get(tags.FRAME_OF_REFERENCE) for head in images}
    return len(images) > 2 and len(references) == len(images)


def owners(images: list[Head]) -> tuple[int, ...]:
    """Which of patient, study and modality differ among the images of one SeriesInstanceUID.

    One that is another in every single image tells nothing: careless anonymisers leave it so.
    """
    return tuple(number for number in OWNER if 1 < _kinds(images, number) < len(images))


def _kinds(images: list[Head], number: int) -> int:
    raw = {head.values.get(number): head for head in images}
    return len({head.text(number) for head in raw.values()})


def apart(images: list[Head], ignore_references: bool, owner: tuple[int, ...] = ()) -> list[list[Head]]:
    """The images in groups that can lie in one grid, in the order of what parts them.

    owner: attributes that tell whose images they are (see `owners`).
    """
    groups: dict[Hashable, list[Head]] = {}
    for head in images:
        whose = tuple(map(head.values.get, owner))
        groups.setdefault((whose, _grid_key(head, ignore_references)), []).append(head)
    merged: dict[Hashable, list[Head]] = {}
    known: list[tuple[float, ...]] = []
    for key in sorted(groups, key=lambda key: _sort_key(groups[key][0])):
        first = groups[key][0]
        plane = _same_plane(_plane(first), known)
        exact = None if is_placed(first) else (first.path, first.text(tags.SOP_INSTANCE))
        kind = *_kind(first, ignore_references), *map(first.text, owner)
        merged.setdefault((plane, kind, exact), []).extend(groups[key])
    return list(merged.values())


def _grid_key(head: Head, ignore_references: bool) -> Hashable:
    """Raw bytes that are equal for nearly all images of a volume: cheap, so that few need a closer look."""
    get = head.values.get
    place = get(tags.POSITION) is None and (head.path, get(tags.SOP_INSTANCE))
    reference = None if ignore_references else get(tags.FRAME_OF_REFERENCE)
    return reference, is_localizer(head), place, *map(get, GRID)


def _kind(head: Head, ignore_references: bool) -> tuple[Hashable, ...]:
    """The same without the padding that writers differ in."""
    reference = None if ignore_references else head.text(tags.FRAME_OF_REFERENCE)
    matrix = head.integer(tags.ROWS), head.integer(tags.COLUMNS)
    return reference, is_localizer(head), *map(head.text, NATURE), matrix


def is_localizer(head: Head) -> bool:
    """Whether an image says that it only shows where others lie."""
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
    return is_localizer(head), head.text(tags.FRAME_OF_REFERENCE), matrix, _plane(head), *image_order(head)


def plane_words(head: Head) -> str:
    """The plane and matrix of an image as a person reads them."""
    words = "localizer " if is_localizer(head) else ""
    cosines = head.numbers(tags.ORIENTATION)
    if len(cosines) != 6:
        return f"{words}image {head.text(tags.INSTANCE_NUMBER) or head.frame}"
    a, b = cosines[:3], cosines[3:]
    normal = [abs(a[1] * b[2] - a[2] * b[1]), abs(a[2] * b[0] - a[0] * b[2]), abs(a[0] * b[1] - a[1] * b[0])]
    plane = ("sagittal", "coronal", "axial")[normal.index(max(normal))]
    return f"{words}{plane} {head.integer(tags.COLUMNS)} x {head.integer(tags.ROWS)}"
