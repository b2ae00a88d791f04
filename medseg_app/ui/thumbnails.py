"""Thumbnails: the middle slice of a series as a small picture, read and scaled beside the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QImage

from medseg_app.app.windows import known_window

from .off_thread import OffThread

if TYPE_CHECKING:
    from medseg_app.core.volume import Volume
    from medseg_app.io.dicom.volume_info import VolumeInfo

LONG_SIDE = 112
"""Pixels of the longer side: twice the row's size, for screens at 200 %."""


class Thumbnails:
    """Makes one picture per series, once."""

    def __init__(self, beside: OffThread, done: Callable[[str, QImage], object]) -> None:
        self._beside, self._done = beside, done
        self._asked: set[str] = set()

    def ask(self, info: VolumeInfo) -> None:
        """Have the picture of a series made; done(id, picture) follows."""
        if info.id in self._asked:
            return
        self._asked.add(info.id)
        self._beside.run(lambda: picture_of(info), lambda picture: self._done(info.id, picture))

    def ask_open(self, volume: Volume) -> None:
        """The same of what was opened from a file of its own: its voxels are there already."""
        self._beside.run(lambda: _picture_of_open(volume), lambda picture: self._done(volume.id, picture))


def _picture_of_open(volume: Volume) -> QImage:
    _, row_mm, column_mm = volume.geometry.spacing_kji
    plane = volume.voxels[volume.geometry.shape[0] // 2]
    window = known_window(volume.modality, volume.window)
    return grey_picture(plane, row_mm, column_mm, window, volume.inverted)


def picture_of(info: VolumeInfo, long_side: int = LONG_SIDE) -> QImage:
    """The middle slice as it lies on the screen: square millimetres, the window it is first opened with."""
    from medseg_app.io.dicom.volume import load_slice

    plane = load_slice(info, info.shape[0] // 2)
    _, row_mm, column_mm = info.spacing
    window = known_window(info.modality, info.window)
    return grey_picture(plane, row_mm, column_mm, window, info.inverted, long_side)


def grey_picture(
    plane: Any,
    row_mm: float,
    column_mm: float,
    window: tuple[float, float] | None,
    inverted: bool = False,
    long_side: int = LONG_SIDE,
) -> QImage:
    """A plane (rows, columns) of real values as a grey picture of at most so many pixels a side."""
    import numpy as np

    rows, columns = plane.shape
    scale = long_side / max(rows * row_mm, columns * column_mm)
    size = max(1, round(rows * row_mm * scale)), max(1, round(columns * column_mm * scale))
    at = [(np.arange(n) + 0.5) * m / n for n, m in zip(size, (rows, columns), strict=True)]
    small = plane[np.ix_(at[0].astype(int), at[1].astype(int))].astype(np.float32)
    if window is None:
        low, high = (float(v) for v in np.percentile(small, (1, 99)))
    else:
        low, high = window[0] - window[1] / 2, window[0] + window[1] / 2
    grey = np.clip((small - low) / max(high - low, 1e-6), 0, 1) * 255
    shown = np.ascontiguousarray(255 - grey if inverted else grey, dtype=np.uint8)
    picture = QImage(shown.data, size[1], size[0], size[1], QImage.Format.Format_Grayscale8)
    return picture.copy()
