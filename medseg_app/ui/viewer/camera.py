"""PlaneCamera: which part of a plane a view shows; screen pixels <-> view mm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

FIT_MARGIN = 0.96
"""A fitted slice fills this share of the view."""
ZOOM_LIMITS = (0.05, 200.0)


@dataclass(frozen=True)
class PlaneCamera:
    """Looks at a point of the plane.

    centre: (h, v) in view mm at the middle of the view. zoom: logical pixels per mm.
    size: (width, height) of the view in logical pixels. fitted: stays fitted when the view is resized.
    """

    centre: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    size: tuple[int, int] = (1, 1)
    fitted: bool = True

    def to_screen(self, view: ArrayLike) -> NDArray[np.float64]:
        """Logical pixels (x, y) of positions (h, v) in view mm, shape (..., 2)."""
        return (np.asarray(view, dtype=np.float64) - self.centre) * self.zoom + np.divide(self.size, 2)

    def to_view(self, pixels: ArrayLike) -> NDArray[np.float64]:
        """(h, v) in view mm of logical pixels (x, y), shape (..., 2)."""
        return (np.asarray(pixels, dtype=np.float64) - np.divide(self.size, 2)) / self.zoom + self.centre

    def fit(self, extent: tuple[float, float, float, float]) -> PlaneCamera:
        """The camera that shows a whole extent (left, top, right, bottom)."""
        left, top, right, bottom = extent
        zoom = (
            min(self.size[0] / max(right - left, 1e-6), self.size[1] / max(bottom - top, 1e-6)) * FIT_MARGIN
        )
        return replace(self, centre=((left + right) / 2, (top + bottom) / 2), zoom=zoom, fitted=True)

    def resized(self, size: tuple[int, int], extent: tuple[float, float, float, float]) -> PlaneCamera:
        """The same view in a window of another size: a fitted view stays fitted."""
        camera = replace(self, size=(max(size[0], 1), max(size[1], 1)))
        return camera.fit(extent) if self.fitted else camera

    def panned(self, pixels: Sequence[float]) -> PlaneCamera:
        """The view dragged by logical pixels (x, y)."""
        h, v = self.centre[0] - pixels[0] / self.zoom, self.centre[1] - pixels[1] / self.zoom
        return replace(self, centre=(h, v), fitted=False)

    def zoomed(self, factor: float, anchor: Sequence[float]) -> PlaneCamera:
        """Zoomed by a factor; the point under the anchor (logical pixels) stays where it is."""
        zoom = float(np.clip(self.zoom * factor, *ZOOM_LIMITS))
        kept = self.to_view(anchor)
        offset = (np.asarray(anchor, dtype=np.float64) - np.divide(self.size, 2)) / zoom
        h, v = (kept - offset).tolist()
        return replace(self, centre=(h, v), zoom=zoom, fitted=False)
