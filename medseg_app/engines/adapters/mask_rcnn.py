"""Mask R-CNN engine: a region is proposed, then classified, boxed and masked (arXiv 1703.06870)."""

from __future__ import annotations

from medseg_app.engines.slice_engine import SliceEngine


class MaskRCNNEngine(SliceEngine):
    """Runs the networks MaskRCNN and MaskRCNNSlim."""
