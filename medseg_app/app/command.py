"""Commands: what a user can do, as typed functions. One function serves Python, menu and command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, TypeVar

from medseg_app.core.progress import Progress

if TYPE_CHECKING:
    from .session import Session

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Command = Callable[Concatenate["Session", P], R]


@dataclass(frozen=True)
class Spec:
    """How a command is shown: title, menu, shortcut; the first sentence of the docstring is its tooltip."""

    name: str
    title: str
    menu: str
    shortcut: str
    tooltip: str


@dataclass(frozen=True)
class Job(Generic[T, R]):
    """Long work that a command prepared: `work` runs off the main thread, `apply` on it.

    is_awaited: a window that is to close waits for it, as the reader counts on its files.
    """

    title: str
    work: Callable[[Progress], T]
    apply: Callable[[T], R]
    lane: Literal["free", "engine"] = "free"
    is_awaited: bool = False


def command(title: str, menu: str = "", shortcut: str = "") -> Callable[[Command[P, R]], Command[P, R]]:
    """Mark a function as a command. Long commands return a Job."""

    def mark(function: Command[P, R]) -> Command[P, R]:
        tooltip = (function.__doc__ or title).strip().splitlines()[0]
        function.spec = Spec(function.__name__, title, menu, shortcut, tooltip)  # type: ignore[attr-defined]
        return function

    return mark


def spec_of(function: Callable[..., Any]) -> Spec:
    """How a command is shown. Raises AttributeError for a function that is no command."""
    spec: Spec = function.spec  # type: ignore[attr-defined]
    return spec
