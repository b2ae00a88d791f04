"""The list of models that MONAI's model zoo, or another place in its format, offers."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from medseg_app.core.errors import ModelError, WrongUse
from medseg_app.core.progress import silent

from .fetch_file import HASHES, fetch

ZOO = "https://raw.githubusercontent.com/Project-MONAI/model-zoo/dev/models/model_info.json"
ZOO_VARIABLE = "MEDSEG_MODEL_ZOO"
"""Names another list of models in the same format, for places with a mirror of their own."""
MAX_LIST = 20_000_000
GIVE_ADDRESS = "Give the address of the bundle instead."


@dataclass(frozen=True)
class Offer:
    """Where a bundle is; its checksum and version where they are stated."""

    address: str
    checksum: str
    version: str = ""


def stated_offer(address: str) -> Offer:
    """What an address offers; `#sha256=...` after it states the checksum. Raises WrongUse."""
    plain, _, fragment = address.partition("#")
    kind, _, value = fragment.partition("=")
    if fragment and (kind not in HASHES.values() or HASHES.get(len(value)) != kind):
        raise WrongUse(f"#{fragment} is no checksum.", "Write it as #sha256= and 64 digits.")
    return Offer(plain, value.lower())


def read_zoo() -> dict[str, dict[str, Any]]:
    """The entries of the zoo, whose keys read NAME_vVERSION. Raises ModelError, CouldNotBeDone."""
    with tempfile.TemporaryFile() as out:
        fetch(os.environ.get(ZOO_VARIABLE, ZOO), out, MAX_LIST, silent)
        out.seek(0)
        try:
            table = json.load(out)
        except (ValueError, RecursionError) as error:
            raise ModelError("The list of the model zoo is not JSON.", GIVE_ADDRESS) from error
    entries = table.items() if isinstance(table, dict) else ()
    return {key: entry for key, entry in entries if isinstance(entry, dict)}


def newest_versions(zoo: Iterable[str]) -> dict[str, str]:
    """Name of each bundle of the zoo -> its newest version, in the order of the names."""
    newest: dict[str, str] = {}
    for key in zoo:
        name, _, version = key.rpartition("_v")
        if name and order_of(version) >= order_of(newest.get(name, "")):
            newest[name] = version
    return dict(sorted(newest.items()))


def newest_offer(zoo: dict[str, dict[str, Any]], name: str) -> Offer:
    """The newest version of a bundle. Raises WrongUse where the zoo has none of this name."""
    versions = newest_versions(zoo)
    if name not in versions:
        raise WrongUse(
            f"The model zoo has no model {name}.", f"It has: {', '.join(versions)[:2000] or 'none'}."
        )
    entry = zoo[f"{name}_v{versions[name]}"]
    source, checksum = entry.get("source"), entry.get("checksum", "")
    if not isinstance(source, str) or not isinstance(checksum, str) or len(checksum) not in (0, *HASHES):
        raise ModelError(f"The model zoo does not say where {name} is.", GIVE_ADDRESS)
    return Offer(source, checksum.lower(), versions[name])


def order_of(version: str) -> tuple[int, ...]:
    """Versions by their numbers: 0.5.10 comes after 0.5.9."""
    return tuple(int(word) if word.isdecimal() else -1 for word in version.split("."))
