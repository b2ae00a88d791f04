"""Fetch a bundle of MONAI's model zoo and import it: `medseg models --download`."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from medseg_app.core.errors import CouldNotBeDone, ModelError, WrongUse
from medseg_app.core.progress import Progress, part, silent

from .import_model import ImportedModel, import_model

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from urllib.request import Request

ZOO = "https://raw.githubusercontent.com/Project-MONAI/model-zoo/dev/models/model_info.json"
ZOO_VARIABLE = "MEDSEG_MODEL_ZOO"
"""Names another list of models in the same format, for places with a mirror of their own."""
MAX_LIST, MAX_BUNDLE = 20_000_000, 4 * 1024**3
SECONDS = 60
CHUNK = 1024**2
OWN_COMPUTER = ("localhost", "127.0.0.1", "::1")
HASHES = {40: "sha1", 64: "sha256"}
"""Length of a checksum in hexadecimal -> what it is; the zoo states SHA-1."""


@dataclass(frozen=True)
class Offer:
    """Where a bundle is, and its checksum where one is stated."""

    address: str
    checksum: str


def download_model(
    name: str, address: str = "", *, called: str = "", consent: bool = False, progress: Progress = silent
) -> ImportedModel:
    """Fetch a bundle and import it; nothing of it is kept where anything fails.

    name: as MONAI's model zoo lists it, or with an address what the model is to be called. address: of a
    ZIP, over https (http for this computer only); `#sha256=...` after it states its checksum. called:
    another name for the model. Raises WrongUse, ModelError, CouldNotBeDone.
    """
    offer = _stated(address) if address else _offered(name)
    with tempfile.TemporaryDirectory(prefix="medseg-download-") as place:
        file = Path(place) / "bundle.zip"
        with file.open("wb") as out:
            digests = _fetch(offer.address, out, MAX_BUNDLE, part(progress, 0.0, 0.8))
        _compare(offer, digests)
        progress(0.8, "Importing")
        return import_model(file, name=called or name, consent=consent)


def _stated(address: str) -> Offer:
    plain, _, fragment = address.partition("#")
    kind, _, value = fragment.partition("=")
    if fragment and (kind not in HASHES.values() or HASHES.get(len(value)) != kind):
        raise WrongUse(f"#{fragment} is no checksum.", "Write it as #sha256= and 64 digits.")
    return Offer(plain, value.lower())


def _offered(name: str) -> Offer:
    """The newest version of a bundle in the list of the zoo, whose keys read NAME_vVERSION."""
    with tempfile.TemporaryFile() as out:
        _fetch(os.environ.get(ZOO_VARIABLE, ZOO), out, MAX_LIST, silent)
        out.seek(0)
        try:
            table = json.load(out)
        except ValueError as error:
            raise ModelError(
                "The list of the model zoo is not JSON.", "Name the bundle with --from."
            ) from error
    entries = (
        {key: entry for key, entry in table.items() if isinstance(entry, dict)}
        if isinstance(table, dict)
        else {}
    )
    versions = {key: _version(key) for key in entries if key.rpartition("_v")[0] == name}
    if not versions:
        names = sorted({key.rpartition("_v")[0] for key in entries})
        raise WrongUse(f"The model zoo has no model {name}.", f"It has: {', '.join(names)[:2000] or 'none'}.")
    entry = entries[max(versions, key=lambda key: versions[key])]
    source, checksum = entry.get("source"), entry.get("checksum", "")
    if not isinstance(source, str) or not isinstance(checksum, str) or len(checksum) not in (0, *HASHES):
        raise ModelError(f"The model zoo does not say where {name} is.", "Name the bundle with --from.")
    return Offer(source, checksum.lower())


def _version(key: str) -> tuple[int, ...]:
    return tuple(int(word) if word.isdecimal() else -1 for word in key.rpartition("_v")[2].split("."))


def _fetch(address: str, out: IO[bytes], most: int, progress: Progress) -> dict[str, str]:
    """Write what is at an address to a file; checksums of it by their kind."""
    from urllib.error import URLError

    _require_safe(address)
    hashes = {kind: hashlib.new(kind, usedforsecurity=False) for kind in HASHES.values()}
    host = urlsplit(address).hostname or address
    try:
        with closing(_opener().open(address, timeout=SECONDS)) as answer:
            said = int(answer.headers.get("Content-Length") or 0)
            done = 0
            while chunk := answer.read(CHUNK):
                done += len(chunk)
                if done > most or said > most:
                    raise ModelError(f"{address} is larger than {most / 1e9:g} GB.", "Nothing was kept.")
                out.write(chunk)
                for one in hashes.values():
                    one.update(chunk)
                progress(min(done / said, 1.0) if said else 0.0, f"{done / 1e6:.0f} MB from {host}")
    except (URLError, OSError, ValueError, EOFError) as error:
        reason = getattr(error, "reason", None) or error
        raise CouldNotBeDone(
            f"{address} could not be fetched ({reason}).", "Look at the address and the connection."
        ) from error
    if said and done != said:
        raise CouldNotBeDone(f"{address} broke off after {done:,} of {said:,} bytes.", "Try again.")
    return {kind: one.hexdigest() for kind, one in hashes.items()}


def _require_safe(address: str) -> None:
    parts = urlsplit(address)
    if (parts.scheme == "https" and parts.hostname) or (
        parts.scheme == "http" and parts.hostname in OWN_COMPUTER
    ):
        return
    raise WrongUse(
        f"{address} is not fetched: models come over https (http from this computer only).",
        "Give an address that begins with https://.",
    )


def _opener() -> Any:
    """Opens addresses; a redirect to an unsafe one is refused like the address itself."""
    from urllib.request import HTTPRedirectHandler, build_opener

    class _SafeRedirects(HTTPRedirectHandler):
        def redirect_request(
            self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
        ) -> Request | None:
            _require_safe(newurl)
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    return build_opener(_SafeRedirects)


def _compare(offer: Offer, digests: dict[str, str]) -> None:
    kind = HASHES.get(len(offer.checksum))
    if kind and digests[kind] != offer.checksum:
        raise ModelError(
            f"What came from {offer.address} is not what was announced (its {kind.upper()} differs).",
            "Nothing was kept. Try again; if it stays so, tell the makers of the model.",
        )
