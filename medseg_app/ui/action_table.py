"""Which tools, switches and window presets the window offers, with their keys and icons."""

from __future__ import annotations

from dataclasses import dataclass

from medseg_app.app.view_state import Layout, Plane


@dataclass(frozen=True)
class Entry:
    """One action: name (of a tool, a field of ViewState or a command), title, keys, icon, what it does."""

    name: str
    title: str
    keys: str
    glyph: str = ""
    detail: str = ""


VIEW_TOOLS = (
    Entry("scroll", "Scroll", "Q", "stack", "Left button goes through the slices"),
    Entry("window", "Window", "W", "circle-half", "Left button changes width and level"),
    Entry("zoom", "Zoom", "Z", "magnifying-glass-plus", "Left button enlarges the image"),
    Entry("pan", "Pan", "H", "hand", "Left button moves the image"),
    Entry("ruler", "Ruler", "M", "ruler", "Left button measures a distance"),
)
EDIT_TOOLS = (
    Entry("brush", "Brush", "B", "paint-brush", "Left button paints the active segment, with Ctrl it erases"),
    Entry("eraser", "Eraser", "E", "eraser", "Left button erases the active segment, with Ctrl it paints"),
    Entry("fill", "Fill", "F", "paint-bucket", "Left button fills an enclosed area"),
    Entry(
        "prompt",
        "Prompt",
        "G",
        "magic-wand",
        "Left button shows nnInteractive what to mark, with Ctrl what not",
    ),
)
SWITCHES = (
    Entry("show_labels", "Labels", "S", "eye", "Show or hide all labels"),
    Entry("show_outlines", "Outlines", "Shift+S", "circle-dashed", "Show or hide the outlines of labels"),
    Entry("show_cross", "Cross", "C", "crosshair-simple", "Show or hide the linked cross"),
    Entry(
        "show_patient", "Patient information", "P", "identification-card", "Show or hide names in the corners"
    ),
    Entry("interpolate", "Smooth display", "I", "waves", "Smooth the image between voxels, or show voxels"),
    Entry("show_3d", "3D view", "Shift+D", "cube", "Draw the labels in 3D"),
    Entry("show_panels", "Side panels", "\\", "columns", "Show or hide both side panels"),
    Entry("large", "One view large", "Return", "corners-out", "Make the active view large, or small again"),
)
GLYPHS = {
    "undo": "arrow-counter-clockwise", "redo": "arrow-clockwise", "save_case": "floppy-disk",
    "export": "export", "open_folder": "folder-open", "open_image": "file", "open_case": "briefcase-metal",
    "open_labels": "stack-simple", "add_segment": "plus", "duplicate_segment": "copy",
    "merge_segments": "intersect", "delete_segment": "trash", "toggle_lock": "lock-simple",
    "reopen_candidate": "arrow-u-up-left", "delete_last_ruler": "ruler",
    "toggle_visible": "eye-slash", "run_model": "sparkle", "train": "graduation-cap",
    "download": "download-simple",
    "accept_candidate": "check", "reject_candidate": "x", "accept_candidates": "checks",
}  # fmt: skip

FILE_MENU = (
    "open_folder", "open_image", "open_case", "open_labels", "", "save_case", "save_as", "export", "",
    "close_case", "", "settings", "quit",
)  # fmt: skip
EDIT_MENU = (
    "undo",
    "redo",
    "",
    "brush_smaller",
    "brush_larger",
    "brush_shape",
    "paint_over",
    "",
    "delete_last_ruler",
    "delete_rulers",
)
VIEW_MENU = (
    "fit", "layout", "next_beside", "next_plane", "large", "show_3d", "", "show_labels", "show_outlines",
    "show_cross", "show_patient", "interpolate", "opacity_less", "opacity_more",
    "strength_less", "strength_more", "outline_less", "outline_more", "", "next_slice",
    "previous_slice",
    "", "show_panels", "full_screen",
)  # fmt: skip
SEGMENT_MENU = (
    "add_segment", "rename", "recolour", "toggle_lock", "toggle_visible", "", "duplicate_segment",
    "merge_segments", "delete_segment", "", "next_finding", "previous_finding",
)  # fmt: skip
AI_MENU = (
    "choose_model", "run_model", "undo_prompt", "stop_model", "about_model", "", "train", "bring_in",
    "bring_in_folder", "download", "update", "update_all", "verify", "remove", "", "accept_candidate",
    "reject_candidate", "accept_candidates", "reopen_candidate", "score_lower", "score_higher",
    "clear_proposal", "", "next_finding", "previous_finding",
)  # fmt: skip
STRIP_VIEW = (
    "show_labels", "show_cross", "show_patient", "interpolate", "show_3d", "layout", "fit", "show_panels",
)  # fmt: skip
LAYOUTS: tuple[Layout, ...] = ("one and three", "two by two", "one", "side by side")
PLANES: tuple[Plane, ...] = ("axial", "sagittal", "coronal")
OPACITY_STEP, SCORE_STEP = 5, 5
"""Percent and hundredths per key press."""
BRUSH_STEP = 1.2
"""Brush sizes grow by a fifth per key press, as in 3D Slicer."""
