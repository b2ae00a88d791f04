"""Windows: which grey values a series is shown with, by preset, by its file or by its values."""

from __future__ import annotations

import numpy as np

from medseg_app.core.volume import Volume

Window = tuple[float, float]
"""Centre and width, in the units of the voxels."""

SOFT_TISSUE = "Soft tissue"
CT_WINDOWS: dict[str, Window] = {
    SOFT_TISSUE: (40.0, 400.0),
    "Lung": (-600.0, 1500.0),
    "Bone": (400.0, 1800.0),
    "Brain": (40.0, 80.0),
    "Liver": (80.0, 180.0),
}
"""In HU by name, in the order of the keys 1 to 5."""
AUTO = "Auto"


def window_names(modality: str) -> tuple[str, ...]:
    """Presets that make sense for a modality, in the order of the keys."""
    return (*CT_WINDOWS, AUTO) if modality == "CT" else (AUTO,)


def window_named(name: str, volume: Volume) -> Window:
    """The window of a preset."""
    return window_of(volume) if name == AUTO else CT_WINDOWS[name]


def known_window(modality: str, stated: Window | None) -> Window | None:
    """The window that is known before any voxel was read; None where the values decide.

    HU mean the same in every CT, so readers expect soft tissue there; what shows most of the values would
    be grey in grey between air and metal.
    """
    return stated or (CT_WINDOWS[SOFT_TISSUE] if modality == "CT" else None)


def first_window(volume: Volume) -> tuple[Window, str]:
    """The window that the file names, else that of a preset; and the name of the preset."""
    known = known_window(volume.modality, volume.window)
    if known is None:
        return window_of(volume), AUTO
    return known, "" if volume.window else SOFT_TISSUE


def window_of(volume: Volume) -> Window:
    """The window that shows most of a volume, from its 1st and 99th percentile."""
    sample = volume.voxels[:: max(1, len(volume.voxels) // 16), ::4, ::4]
    values = sample[sample != volume.padding] if volume.padding is not None else sample.ravel()
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(values, (1, 99.5)))
    return (low + high) / 2, max(high - low, 1e-3)
