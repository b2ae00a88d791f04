"""How numbers are written on the screen: volumes, scores, ages, times left, progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from medseg_app.core.geometry import VolumeGeometry

MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"


def volume(millilitres: float | None) -> str:
    """12.3 ml, 1.24 l; a dash where the volume cannot be told."""
    if millilitres is None:
        return "\N{EN DASH}"
    if millilitres == 0:
        return f"0{THIN}ml"
    if millilitres >= 1000:
        return f"{millilitres / 1000:.2f}{THIN}l"
    digits = 0 if millilitres >= 100 else 1 if millilitres >= 1 else 2
    return f"{millilitres:.{digits}f}{THIN}ml"


def voxel_ml(geometry: VolumeGeometry) -> float | None:
    """Volume of one voxel in ml; None where uneven slices make it unknown."""
    return geometry.voxel_volume_ml if geometry.is_regular else None


def score(value: float | None) -> str:
    """0.93, empty where no model gave a score."""
    return "" if value is None else f"{value:.2f}"


def signed(value: float, digits: int = 1) -> str:
    """A number with a real minus sign, so that columns of figures align."""
    return f"{value:.{digits}f}".replace("-", MINUS)


def age(seconds: float) -> str:
    """just now, 8 s ago, 3 min ago, 2 h ago."""
    if seconds < 2:
        return "just now"
    if seconds < 60:
        return f"{int(seconds)}{THIN}s ago"
    if seconds < 3600:
        return f"{int(seconds / 60)}{THIN}min ago"
    return f"{int(seconds / 3600)}{THIN}h ago"


def time_left(seconds: float | None) -> str:
    """12 s left, 3 min left; empty while nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(1, round(seconds))}{THIN}s left"
    return f"{round(seconds / 60)}{THIN}min left"


def progress(message: str, seconds_left: float | None) -> str:
    """Slice 20 of 44, 12 s left: what running work says of itself, and when it ends."""
    said = message or "Starting"
    parts = said[:1].upper() + said[1:], time_left(seconds_left)
    return ", ".join(part for part in parts if part)
