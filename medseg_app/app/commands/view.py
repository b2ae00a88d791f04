"""What the views show: window presets, segments of the list, slices."""

from __future__ import annotations

from medseg_app.app.beside import in_hand
from medseg_app.app.command import command
from medseg_app.app.enter_case import window_of
from medseg_app.app.session import Session
from medseg_app.core.errors import WrongUse

CT_WINDOWS: dict[str, tuple[float, float]] = {
    "Soft tissue": (40.0, 400.0),
    "Lung": (-600.0, 1500.0),
    "Bone": (400.0, 1800.0),
    "Brain": (40.0, 80.0),
    "Liver": (80.0, 180.0),
}
"""(centre, width) in HU by name, in the order of the keys 1 to 5."""
AUTO = "Auto"


def window_names(modality: str) -> tuple[str, ...]:
    """Presets that make sense for a modality, in the order of the keys."""
    return (*CT_WINDOWS, AUTO) if modality == "CT" else (AUTO,)


@command("Window preset", menu="View")
def set_window(session: Session, *, name: str) -> None:
    """Use a window preset for the series that keys go to."""
    volume, state = in_hand(session)
    if name not in window_names(volume.modality):
        raise WrongUse(f"There is no window named {name} for {volume.modality or 'this'} images.")
    state.window = window_of(volume) if name == AUTO else CT_WINDOWS[name]
    state.window_name = name
