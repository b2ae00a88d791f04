"""What a tool is: gestures in patient mm that turn into patches. No Qt, no pixels.

A gesture is a generator: it starts with the press, receives every move (and at last the release) from
`yield`, and returns when the button is let go. Brush shape, paint rule and gesture stay three things:
shapes come from `editing`, the rule belongs to the LabelWriter.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.prompt import Prompt
from medseg_app.core.segmentation import Segmentation

Axis = Literal[0, 1, 2]
Modifier = Literal["Control", "Shift", "Alt"]
Position = tuple[float, float, float]


@dataclass(frozen=True)
class PointerEvent:
    """The pointer over a view.

    position_lps: where it points in the patient, mm, on the plane that the view shows.
    axis, slice_index: the view shows the plane of the array with this index along this axis.
    is_release: the last event of a gesture.
    """

    position_lps: Position
    axis: Axis
    slice_index: int
    modifiers: frozenset[Modifier] = frozenset()
    is_release: bool = False

    @property
    def position(self) -> NDArray[np.float64]:
        """The position as an array, LPS mm."""
        return np.asarray(self.position_lps, dtype=np.float64)


@dataclass(frozen=True)
class Outline:
    """What a press would touch: closed curve in patient mm, shape (n, 3), and whether it erases."""

    points_lps: NDArray[np.float64]
    erases: bool = False


class ToolContext(Protocol):
    """What a gesture may see and do."""

    @property
    def geometry(self) -> VolumeGeometry:
        """The grid of the open volume."""

    @property
    def segmentation(self) -> Segmentation:
        """The labels, read-only."""

    @property
    def brush_mm(self) -> float:
        """Diameter of the brush."""

    @property
    def brush_3d(self) -> bool:
        """Whether the brush is a ball instead of a disc."""

    @property
    def paint_over(self) -> Literal["empty", "unlocked"]:
        """What the reader chose to paint over."""

    @property
    def active_segment(self) -> int | None:
        """The id of the chosen segment."""

    def segment_to_paint(self) -> int:
        """The chosen segment; makes a new one in the same step where none is chosen."""

    def write(self, patch: LabelPatch) -> None:
        """Change voxels now; the step is committed when the gesture ends."""

    def measure(self, start: Position, end: Position, *, finished: bool) -> None:
        """Show a ruler while it is drawn; keep it when finished."""

    def prompt(self, prompt: Prompt, *, finished: bool) -> None:
        """Draw a prompt that is being made; when finished, ask the model, whose answer is proposed."""


Gesture = Generator[None, PointerEvent, None]


class Tool(Protocol):
    """One entry of the tool strip."""

    name: str
    title: str
    step: str

    def gesture(self, context: ToolContext, press: PointerEvent) -> Gesture:
        """What happens between press and release."""

    def outline(self, context: ToolContext, pointer: PointerEvent) -> Outline | None:
        """What the cursor shows; None for the system's own cursor."""
