"""Viewed: what a view asks of the series that it shows, be it the open one or one that stands beside it."""

from __future__ import annotations

from typing import Protocol

from medseg_app.core.case import Ruler
from medseg_app.core.prompt import Prompt
from medseg_app.tools.contract import Outline, PointerEvent

from .view_state import ViewState


class Pointing(Protocol):
    """Where a view sends press, move and release."""

    @property
    def is_running(self) -> bool:
        """Whether a button is down."""

    @property
    def ruler(self) -> Ruler | None:
        """The ruler that is being drawn."""

    @property
    def prompt(self) -> Prompt | None:
        """The prompt that is being drawn."""

    def press(self, event: PointerEvent) -> None:
        """A button went down."""

    def move(self, event: PointerEvent) -> None:
        """The pointer moved."""

    def release(self, event: PointerEvent) -> None:
        """The button was let go."""

    def settle(self) -> None:
        """The button is up, though nothing told where it was let go."""

    def cursor(self, event: PointerEvent) -> Outline | None:
        """What a press at this place would touch."""


class Viewed(Protocol):
    """How a series is shown, and what a hand may do to it."""

    @property
    def view(self) -> ViewState:
        """What the screen shows of it now."""

    @property
    def gestures(self) -> Pointing:
        """What the left button does to it."""


class NoGestures:
    """The gestures of a series that can only be looked at."""

    is_running = False
    ruler: Ruler | None = None
    prompt: Prompt | None = None

    def press(self, event: PointerEvent) -> None:
        """Nothing happens."""

    def move(self, event: PointerEvent) -> None:
        """Nothing happens."""

    def release(self, event: PointerEvent) -> None:
        """Nothing happens."""

    def settle(self) -> None:
        """Nothing happens."""

    def cursor(self, event: PointerEvent) -> Outline | None:
        """The system's own cursor."""
        return None
