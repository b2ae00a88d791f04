"""Fill: gives the closed region under the pointer to the chosen segment; Ctrl empties it."""

from __future__ import annotations

from medseg_app.core.label_edit import LabelPatch
from medseg_app.editing.region_fill import enclosed_region
from medseg_app.tools.contract import Gesture, Outline, PointerEvent, ToolContext


class Fill:
    """Fills a hole or a drawn outline in one slice."""

    name, title, step = "fill", "Fill", "Fill"

    def gesture(self, context: ToolContext, press: PointerEvent) -> Gesture:
        """Fill on press; moves are ignored."""
        erase = "Control" in press.modifiers
        index = context.geometry.nearest_voxel(press.position)
        if index is not None:
            segment = context.active_segment if erase else context.segment_to_paint()
            group = 0 if segment is None else context.segmentation.segment(segment).group
            region = enclosed_region(context.segmentation.labels(group), index, press.axis)
            over = context.paint_over
            context.write(LabelPatch(segment, region.box, region.mask, erase=erase, over=over, group=group))
        while not press.is_release:
            press = yield

    def outline(self, context: ToolContext, pointer: PointerEvent) -> Outline | None:
        """The system's own cursor."""
        return None
