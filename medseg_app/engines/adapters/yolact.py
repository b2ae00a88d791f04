"""YOLACT engine: all findings of a slice in a single shot, without proposals (arXiv 1904.02689)."""

from __future__ import annotations

from medseg_app.engines.slice_engine import SliceEngine


class YolactEngine(SliceEngine):
    """Runs the network Yolact."""
