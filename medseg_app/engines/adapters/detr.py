"""DETR engine: every query answers one box, in which a U-Net outlines the finding (arXiv 2005.12872)."""

from __future__ import annotations

from medseg_app.engines.slice_engine import SliceEngine


class DetrEngine(SliceEngine):
    """Runs the networks Detr and RtDetr."""
