"""Mask2Former engine: every query answers one finding, without boxes or anchors (arXiv 2112.01527)."""

from __future__ import annotations

from medseg_app.engines.slice_engine import SliceEngine


class Mask2FormerEngine(SliceEngine):
    """Runs the networks Mask2Former and MaskFormer."""
