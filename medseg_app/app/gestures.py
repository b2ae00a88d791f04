"""Gestures: runs the active tool's gesture on the open case, one step from press to release."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.case import Case, Position, Ruler
from medseg_app.core.errors import MedsegError
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.prompt import Prompt
from medseg_app.core.segmentation import Segmentation
from medseg_app.tools.contract import Gesture, Outline, PointerEvent, Tool
from medseg_app.tools.registry import load_tool, tool_names

from .change import Change
from .new_segment import new_segment
from .notice import Notice
from .prompting import ask_for_object, prompts_of

if TYPE_CHECKING:
    from .session import Session


class Gestures:
    """Where the views send press, move and release."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._gesture: Gesture | None = None
        self._last: PointerEvent | None = None
        self._tool: Tool | None = None
        self.ruler: Ruler | None = None
        self.prompt: Prompt | None = None

    @property
    def is_running(self) -> bool:
        """Whether a button is down."""
        return self._gesture is not None

    def press(self, event: PointerEvent) -> None:
        """Start the gesture of the active tool; does nothing where the tool is a view's own."""
        session = self._session
        if self.is_running or session.case is None or session.view.tool not in tool_names():
            return
        self._last = event
        try:
            self._tool = load_tool(session.view.tool)
            case = session.writable()
            if self._tool.step:
                case.writer.begin(self._tool.step)
            self._gesture = self._tool.gesture(_Context(session, case), event)
            next(self._gesture)
        except StopIteration:
            self._finish()
        except MedsegError as error:
            self._fail(error)

    def move(self, event: PointerEvent) -> None:
        """The pointer moved with the button down."""
        if self._gesture is None:
            return
        self._last = event
        try:
            self._gesture.send(event)
        except StopIteration:
            self._finish()
        except MedsegError as error:
            self._fail(error)

    def release(self, event: PointerEvent) -> None:
        """The button was let go: the step is committed."""
        self.move(replace(event, is_release=True))

    def settle(self) -> None:
        """Let the button go where the pointer was last: what comes now sees whole steps only."""
        if self._gesture is not None and self._last is not None:
            self.release(self._last)
            self.abort()

    def abort(self) -> None:
        """Escape: everything since the press is put back."""
        if self._gesture is not None:
            self._gesture.close()
            self._end()
            self._put_back()

    def cursor(self, event: PointerEvent) -> Outline | None:
        """What a press at this place would touch; None for the system's own cursor."""
        session = self._session
        if session.case is None or session.view.tool not in tool_names():
            return None
        return load_tool(session.view.tool).outline(_Context(session, session.case), event)

    def show_ruler(self, ruler: Ruler, *, finished: bool) -> None:
        """Draw a ruler that is being made; keep it when finished."""
        self.ruler = None if finished else ruler
        if finished and ruler.length_mm > 0:
            self._session.open().rulers.append(ruler)
        self._session.changed.emit(Change.of("measurements"))

    def show_prompt(self, prompt: Prompt) -> None:
        """Draw a prompt that is being made."""
        self.prompt = prompt
        self._session.changed.emit(Change.of("measurements"))

    def _finish(self) -> None:
        tool = self._tool
        self._end()
        if tool is not None and tool.step:
            self._session.commit_step(tool.name)

    def _fail(self, error: MedsegError) -> None:
        self._end()
        self._put_back()
        self._session.notices.emit(Notice.of_error(error))

    def _put_back(self) -> None:
        case = self._session.case
        if case is not None and case.writer.is_open:
            self._session.abort_step()
            if not case.segmentation.has(self._session.view.active_segment):
                self._session.view.active_segment = None

    def _end(self) -> None:
        was_drawn = self.ruler is not None or self.prompt is not None
        self._gesture = self.ruler = self.prompt = None
        if was_drawn:
            self._session.changed.emit(Change.of("measurements"))


class _Context:
    """What a gesture may see and do on the open case."""

    def __init__(self, session: Session, case: Case) -> None:
        self._session, self._case = session, case

    @property
    def geometry(self) -> VolumeGeometry:
        return self._case.volume.geometry

    @property
    def segmentation(self) -> Segmentation:
        return self._case.segmentation

    @property
    def brush_mm(self) -> float:
        return self._session.view.brush_mm

    @property
    def brush_3d(self) -> bool:
        return self._session.view.brush_3d

    @property
    def paint_over(self) -> Literal["empty", "unlocked"]:
        return self._session.view.paint_over

    @property
    def active_segment(self) -> int | None:
        return self._session.view.active_segment

    def segment_to_paint(self) -> int:
        active = self.active_segment
        if active is None or not self._case.segmentation.has(active):
            segment = new_segment(self._case.segmentation, reader=self._session.settings.reader)
            self._case.writer.put_segment(segment)
            active = self._session.view.active_segment = segment.id
        return active

    def write(self, patch: LabelPatch) -> None:
        written = self._case.writer.write(patch)
        if written.box.is_empty:
            return
        group = patch.group if patch.segment_id is None else self.segmentation.segment(patch.segment_id).group
        mask = self._refused(patch, written.box, group) if written.refused else None
        refused = written.box if mask is not None else None
        self._session.changed.emit(
            Change(frozenset({"voxels"}), written.box, frozenset({group}), refused, refused_mask=mask)
        )

    def _refused(self, patch: LabelPatch, box: Box, group: int) -> NDArray[np.bool_]:
        inside = tuple(
            slice(a - start, b - start)
            for a, b, start in zip(box.start, box.stop, patch.box.start, strict=True)
        )
        value = 0 if patch.segment_id is None else self.segmentation.segment(patch.segment_id).value
        return np.asarray(patch.mask[inside] & (self.segmentation.labels(group)[box.slices] != value))

    def measure(self, start: Position, end: Position, *, finished: bool) -> None:
        self._session.gestures.show_ruler(Ruler(start, end), finished=finished)

    def prompt(self, prompt: Prompt, *, finished: bool) -> None:
        session = self._session
        if not finished:
            session.gestures.show_prompt(prompt)
            return
        session.tasks.start(ask_for_object(session, (*prompts_of(self._case), prompt)), session.fail)
