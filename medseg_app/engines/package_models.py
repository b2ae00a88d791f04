"""Models that other Python packages bring: no folders of ours; weights lie where the package keeps them.

A source is a function named in the entry-point group `medseg_app.models`. It is asked whenever models are
looked for, so it imports neither torch nor the heavy parts of its package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from medseg_app.core.errors import ModelError

from .model_folder import ModelFolder

SOURCE_GROUP = "medseg_app.models"


class NotInstalled(ModelError):
    """The package is not there: nothing is wrong, and the hint says how to install it."""


class ModelSource(Protocol):
    """What an entry point of the group `medseg_app.models` names; names of its models begin with its own."""

    def __call__(self) -> Sequence[ModelFolder]:
        """The models of a package. Raises NotInstalled without it, ModelError where it cannot be used."""


@dataclass(frozen=True)
class PackageSearch:
    """The models found; sources whose package is absent, or cannot be used, with the error."""

    models: tuple[ModelFolder, ...]
    absent: tuple[tuple[str, ModelError], ...]
    broken: tuple[tuple[str, ModelError], ...]


def models_of_packages() -> PackageSearch:
    """Ask all sources, in the order of their names."""
    models: list[ModelFolder] = []
    absent: list[tuple[str, ModelError]] = []
    broken: list[tuple[str, ModelError]] = []
    for entry in sorted(entry_points(group=SOURCE_GROUP), key=lambda entry: entry.name):
        try:
            models += _ask(entry)
        except NotInstalled as error:
            absent.append((entry.name, error))
        except ModelError as error:
            broken.append((entry.name, error))
    return PackageSearch(tuple(models), tuple(absent), tuple(broken))


def _ask(entry: EntryPoint) -> Sequence[ModelFolder]:
    try:
        source: ModelSource = entry.load()
        return source()
    except ModelError:
        raise
    except Exception as error:  # a stranger's package may fail in any way while it is asked
        raise ModelError(
            f"The models of {entry.name} cannot be listed ({type(error).__name__}: {error}).",
            "Update or remove that package.",
        ) from error
