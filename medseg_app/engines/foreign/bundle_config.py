"""BundleConfig: the configuration of a MONAI bundle, read as data.

MONAI evaluates values that start with $, builds whatever `_target_` names, and follows references
(@key and %key). Here references are looked up as text, and everything else that is not a plain value
is refused with the key at which it stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from medseg_app.core.errors import ModelError

from .draft import printable

MAX_STEPS = 32
MAX_WORDS = 240
REFERENCE = re.compile(r"[@%][\w#:]+")
SILENT = {"_target_", "_disabled_", "_desc_", "_mode_"}
REMEDY = "MedSeg reads plain values only. Ask its authors for a bundle whose configuration states this value."


class NeedsCode(ModelError):
    """A value that is known only after code of the bundle was run; the message says which, and why."""


@dataclass(frozen=True)
class Component:
    """One thing that MONAI would build: the last word of its `_target_`, and its arguments unread.

    place: the key at which it stands.
    """

    name: str
    target: str
    arguments: dict[str, Any]
    place: str


@dataclass(frozen=True)
class BundleConfig:
    """The table of a configuration file."""

    data: dict[str, Any]
    path: Path

    def component(self, place: str, value: Any = None) -> Component:
        """The component at a key (or the one given, found there). Raises ModelError where there is none."""
        found = self._followed(self.at(place) if value is None else value, place)
        if not isinstance(found, dict) or not isinstance(found.get("_target_"), str):
            self.refuse(place, "is not a component with a _target_")
        target = found["_target_"]
        if target.startswith("$") or found.get("_mode_", "default") != "default":
            self.leave_to_code(place, "is made by code")
        strange = [key for key in found if str(key).startswith("_") and key not in SILENT]
        if strange:
            self.leave_to_code(f"{place}#{strange[0]}", "would run code")
        arguments = {key: item for key, item in found.items() if key not in SILENT}
        return Component(target.rpartition(".")[2], target, arguments, place)

    def components(self, place: str) -> list[Component]:
        """The transforms of the Compose at a key, without those that are switched off."""
        compose = self.component(place)
        if compose.name != "Compose":
            self.refuse(place, f"is {compose.target}, not Compose")
        place = f"{place}#transforms"
        steps = self._followed(compose.arguments.get("transforms"), place)
        if not isinstance(steps, list):
            self.refuse(place, "is not a list")
        found = [(f"{place}#{n}", self._followed(step, f"{place}#{n}")) for n, step in enumerate(steps)]
        return [
            self.component(where, step)
            for where, step in found
            if not (isinstance(step, dict) and self.literal(step.get("_disabled_", False), where) is True)
        ]

    def literal(self, value: Any, place: str) -> Any:
        """A value with its references replaced. Raises ModelError where it is not plain."""
        value = self._followed(value, place)
        if isinstance(value, dict):
            if "_target_" in value:
                self.leave_to_code(place, "is a component where a plain value is needed")
            return {key: self.literal(item, f"{place}#{key}") for key, item in value.items()}
        if isinstance(value, list):
            return [self.literal(item, f"{place}#{n}") for n, item in enumerate(value)]
        return value

    def at(self, place: str) -> Any:
        """What stands at a key such as `inferer#roi_size`; None where nothing does."""
        value: Any = self.data
        for step in re.split(r"#|::", place):
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            else:
                return None
        return value

    def refuse(self, place: str, what: str) -> NoReturn:
        """Say which key is the reason why the model is not taken."""
        raise ModelError(self._not_taken(place, what), REMEDY)

    def leave_to_code(self, place: str, what: str) -> NoReturn:
        """Say which key is known only by running code; without doing so the model is not taken."""
        raise NeedsCode(self._not_taken(place, what), REMEDY)

    def _not_taken(self, place: str, what: str) -> str:
        """The sentence; key and value are the words of a stranger, who may want to be read as MedSeg."""
        return f"{self.path} is not taken: {_quoted(place)} {_quoted(what)}."

    def _followed(self, value: Any, place: str) -> Any:
        steps = 0
        while isinstance(value, str) and value[:1] in ("@", "%", "$"):
            if value.startswith("$"):
                self.leave_to_code(place, "is an expression, which is not evaluated")
            if not REFERENCE.fullmatch(value):
                self.refuse(place, f"refers to {value!r}, which is no key of this file")
            target = value[1:]
            value = self.at(target)
            if value is None:
                self.refuse(place, f"refers to {target}, which is not there")
            steps += 1
            if steps > MAX_STEPS:
                self.refuse(place, "refers to itself")
        return value


def _quoted(words: str) -> str:
    words = printable(words)
    return words if len(words) <= MAX_WORDS else f"{words[:MAX_WORDS]} ..."
