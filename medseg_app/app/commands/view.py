"""What the views show: window presets, segments of the list, slices."""

from __future__ import annotations

from medseg_app.app.beside import in_hand
from medseg_app.app.command import command
from medseg_app.app.session import Session
from medseg_app.app.windows import window_named, window_names
from medseg_app.core.errors import WrongUse


@command("Window preset", menu="View")
def set_window(session: Session, *, name: str) -> None:
    """Use a window preset for the series that keys go to."""
    volume, state = in_hand(session)
    if name not in window_names(volume.modality):
        raise WrongUse(f"There is no window named {name} for {volume.modality or 'this'} images.")
    state.window = window_named(name, volume)
    state.window_name = name
