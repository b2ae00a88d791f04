"""ViewState: what the screen shows now. Never part of undo, never written into a case."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from psygnal import SignalGroupDescriptor

Plane = Literal["axial", "coronal", "sagittal"]
Layout = Literal["one and three", "two by two", "one", "side by side"]
Position = tuple[float, float, float]
NARROWEST_PX, WIDEST_PX = 0.5, 4.0


@dataclass
class ViewState:
    """Plain values; every assignment that changes one emits `events.<name>(new, old)`.

    cursor_lps: the linked cursor in patient mm. window: (centre, width) in the volume's units.
    tool: name of the tool on the left button. hidden: ids of segments that are not drawn.
    strengths: by segment id, which share of fill_opacity covers the image, 0..1; 1 for those not named.
    outline_px: width of outlines on the screen, NARROWEST_PX to WIDEST_PX.
    brush_mm: diameter of the brush. threshold: proposals below this score are not shown.
    is_active: whether keys go to the series of this state; of two side by side only one has them.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    cursor_lps: Position = (0.0, 0.0, 0.0)
    window: tuple[float, float] = (40.0, 400.0)
    window_name: str = ""
    plane: Plane = "axial"
    is_active: bool = True
    layout: Layout = "one and three"
    large: bool = False
    tool: str = "window"
    active_segment: int | None = None
    hidden: frozenset[int] = frozenset()
    fill_opacity: float = 0.35
    strengths: Mapping[int, float] = field(default_factory=dict)
    outline_px: float = 1.5
    show_labels: bool = True
    show_outlines: bool = True
    show_patient: bool = True
    show_cross: bool = True
    show_panels: bool = True
    show_3d: bool = False
    interpolate: bool = True
    brush_mm: float = 10.0
    brush_3d: bool = False
    paint_over: Literal["empty", "unlocked"] = "empty"
    threshold: float = 0.0
    selected_candidate: int | None = None

    def forget_segments_but(self, there: Container[int]) -> None:
        """Forget how segments that are gone were shown: their ids may be given to others."""
        self.hidden = frozenset(one for one in self.hidden if one in there)
        self.strengths = {one: strength for one, strength in self.strengths.items() if one in there}
