"""Add, change, copy, merge and delete segments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from medseg_app.app.command import command
from medseg_app.app.fill_segment import fill_segment
from medseg_app.app.groups import group_for
from medseg_app.app.merging import take, united
from medseg_app.app.new_segment import new_segment, unique_name
from medseg_app.app.session import Session
from medseg_app.core.errors import WrongUse
from medseg_app.core.segment import Segment


@command("Add segment", menu="Segment", shortcut="N")
def add_segment(session: Session, /, *, name: str = "", **coded: Any) -> int:
    """Add an empty segment.

    coded: `category`, `type`, `modifiers`, `region` and `colour`, which describe it.
    """
    case = session.writable()
    _make_room(session)
    segment = new_segment(case.segmentation, name, reader=session.settings.reader, **coded)
    with session.step(f"Add {segment.name}") as writer:
        writer.put_segment(segment)
    session.view.active_segment = segment.id
    return segment.id


@command("Change segment")
def change_segment(session: Session, /, *, segment_id: int, **fields: Any) -> None:
    """Change name, colour, codes, status or lock of a segment."""
    segmentation = session.writable().segmentation
    now = segmentation.segment(segment_id)
    known = {"name", "colour", "category", "type", "modifiers", "region", "status", "locked"}
    if not fields.keys() <= known:
        raise WrongUse(f"These fields of a segment cannot be changed: {', '.join(fields.keys() - known)}.")
    name = fields.get("name", now.name).strip()
    if not name:
        raise WrongUse("A segment needs a name.")
    if name != now.name:
        fields["name"] = unique_name(segmentation, name)
    with session.step(f"Change {now.name}") as writer:
        writer.put_segment(replace(now, **fields))


@command("Lock segment", menu="Segment", shortcut="Ctrl+L")
def toggle_lock(session: Session, *, segment_id: int) -> None:
    """Lock a segment against every change, or unlock it."""
    now = session.writable().segmentation.segment(segment_id)
    with session.step(f"{'Unlock' if now.locked else 'Lock'} {now.name}") as writer:
        writer.put_segment(replace(now, locked=not now.locked))


@command("Duplicate segment", menu="Segment", shortcut="Ctrl+D")
def duplicate_segment(session: Session, *, segment_id: int) -> int:
    """Copy a segment with its voxels; the copy may overlap the original."""
    segmentation = session.writable().segmentation
    source = segmentation.segment(segment_id)
    box = segmentation.box(segment_id)
    with session.step(f"Duplicate {source.name}") as writer:
        mask = None if box is None else segmentation.mask(segment_id, box)
        group = source.group if box is None or mask is None else group_for(writer, box, mask)
        number = segmentation.free_id()
        copy = replace(
            source, id=number, group=group, value=segmentation.free_value(group), locked=False,
            name=unique_name(segmentation, source.name), tracking_uid="", tracking_id="",
        )  # fmt: skip
        writer.put_segment(copy)
        if box is not None and mask is not None:
            fill_segment(writer, copy, box, mask)
    session.view.active_segment = number
    return number


@command("Merge segments", menu="Segment", shortcut="Ctrl+M")
def merge_segments(session: Session, *, segment_ids: tuple[int, ...]) -> int:
    """Give the voxels of several segments to the first of them; the others are gone."""
    segmentation, segment_ids = session.writable().segmentation, tuple(dict.fromkeys(segment_ids))
    if len(segment_ids) < 2:
        raise WrongUse("Choose at least two segments to merge.")
    first, *others = (segmentation.segment(number) for number in segment_ids)
    _refuse_locked([first, *others])
    box, mask = united(segmentation, segment_ids)
    with session.step(f"Merge into {first.name}") as writer:
        for other in others:
            writer.remove_segment(other.id)
        if box is not None:
            take(writer, first, box, mask)
    session.view.active_segment = first.id
    return first.id


@command("Delete segment", menu="Segment", shortcut="Del")
def delete_segment(session: Session, *, segment_id: int) -> None:
    """Delete a segment with its voxels."""
    segment = session.writable().segmentation.segment(segment_id)
    _refuse_locked([segment])
    with session.step(f"Delete {segment.name}") as writer:
        writer.remove_segment(segment_id)
    if session.view.active_segment == segment_id:
        session.view.active_segment = None


@command("Show segment")
def jump_to_segment(session: Session, *, segment_id: int) -> None:
    """Choose a segment and move the cross to its centre."""
    centre = session.open().segmentation.centroid_lps(segment_id)
    session.view.active_segment = segment_id
    if centre is not None:
        session.view.cursor_lps = centre


@command("Next segment", menu="Segment", shortcut="Tab")
def next_segment(session: Session, *, backwards: bool = False) -> int | None:
    """Go to the next segment of the list, after the last one to the first."""
    numbers = [segment.id for segment in session.open().segmentation.segments]
    if not numbers:
        return None
    active = session.view.active_segment
    at = numbers.index(active) + (-1 if backwards else 1) if active in numbers else 0
    jump_to_segment(session, segment_id=numbers[at % len(numbers)])
    return session.view.active_segment


@command("Hide segment", shortcut="Ctrl+H")
def toggle_visible(session: Session, *, segment_id: int) -> None:
    """Hide a segment in the views, or show it again."""
    session.view.hidden = session.view.hidden ^ {segment_id}


@command("Opacity of a segment")
def set_strength(session: Session, *, segment_id: int, strength: float) -> None:
    """Let one segment cover the image less than others: a share (0..1) of the opacity of all."""
    if not 0.0 <= strength <= 1.0:
        raise WrongUse(f"An opacity of {strength:g} is not between 0 and 1.")
    session.open().segmentation.segment(segment_id)
    session.view.strengths = {**session.view.strengths, segment_id: strength}


def _refuse_locked(segments: list[Segment]) -> None:
    for segment in segments:
        if segment.locked:
            raise WrongUse(f"{segment.name} is locked.", "Unlock it in the list of segments first.")


def _make_room(session: Session) -> None:
    """Widen the first group where all of its labels are in use; a step of its own."""
    case = session.writable()
    if case.segmentation.free_value(0) > np.iinfo(case.segmentation.labels(0).dtype).max:
        edit = case.writer.widen(0)
        case.history.push(edit)
        session.record(edit, "widen")
