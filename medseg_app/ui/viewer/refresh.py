"""What a Change means for the slice views: as little work as the change allows."""

from __future__ import annotations

from collections.abc import Iterable

from medseg_app.app.change import Change

from .slice_view import SliceView


def changes_marks(change: Change) -> bool:
    """Whether colours, visibility or the shown candidates may differ now."""
    return bool({"segments", "proposal"} & change.kinds)


def changes_labels(change: Change) -> bool:
    """Whether it matters to what counts or draws labels as a whole."""
    return bool({"voxels", "segments", "proposal"} & change.kinds)


def refresh_voxels(views: Iterable[SliceView], change: Change) -> None:
    """Redraw the box that changed in the views whose slice it meets; flash where voxels were refused."""
    if "voxels" not in change.kinds:
        return
    for view in views:
        if change.box is not None:
            view.refresh(change.box)
        if change.refused is not None and change.refused_mask is not None:
            view.overlay.flash(change.refused, change.refused_mask)
