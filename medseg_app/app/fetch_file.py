"""Fetch one file over https, with a limit to its size, and know its checksums."""

from __future__ import annotations

import hashlib
from contextlib import closing, suppress
from socket import gaierror
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from medseg_app.core.errors import CouldNotBeDone, ModelError, WrongUse
from medseg_app.core.progress import Progress
from medseg_app.engines.foreign.draft import printable

if TYPE_CHECKING:
    from http.client import HTTPMessage
    from urllib.request import Request

SECONDS = 60
CHUNK = 64 * 1024
"""Bytes between two reports: small enough to see a slow connection move."""
WORDS = 200
"""So many letters of a stranger's server are shown at most."""
OWN_COMPUTER = ("localhost", "127.0.0.1", "::1")
HASHES = {40: "sha1", 64: "sha256"}
"""Length of a checksum in hexadecimal -> what it is; MONAI's zoo states SHA-1."""


def fetch(address: str, out: IO[bytes], most: int, progress: Progress) -> dict[str, str]:
    """Write what is at an address to a file; checksums of it by their kind.

    most: bytes. Raises WrongUse for an address that is not fetched, ModelError where it is larger,
    CouldNotBeDone where it does not come.
    """
    from http.client import HTTPException
    from urllib.error import URLError

    host = _require_safe(address)
    hashes = {kind: hashlib.new(kind, usedforsecurity=False) for kind in HASHES.values()}
    try:
        with closing(_opener().open(address, timeout=SECONDS)) as answer:
            said = max(int(answer.headers.get("Content-Length") or 0), 0)
            done = 0
            while chunk := answer.read(CHUNK):
                done += len(chunk)
                if done > most or said > most:
                    raise ModelError(f"{address} is larger than {most / 1e9:g} GB.", "Nothing was kept.")
                out.write(chunk)
                for one in hashes.values():
                    one.update(chunk)
                progress(min(done / said, 1.0) if said else 0.0, f"{_amount(done, said)} from {host}")
    except (URLError, HTTPException, OSError, ValueError, EOFError) as error:
        raise CouldNotBeDone(
            f"{host} {_trouble(error)}.", f"Look at the connection, and at the address {address}."
        ) from error
    if said and done != said:
        raise CouldNotBeDone(f"{address} broke off after {done:,} of {said:,} bytes.", "Try again.")
    return {kind: one.hexdigest() for kind, one in hashes.items()}


def _trouble(error: Exception) -> str:
    """What is wrong with a host that gave nothing, in words; its answer where it had one."""
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, gaierror):
        return "could not be reached (there is no network, or no such computer)"
    if isinstance(reason, OSError):
        return f"could not be reached ({reason.strerror or reason})"
    return f"did not give the file ({printable(str(reason))[:WORDS]})"


def _amount(done: int, said: int) -> str:
    return f"{done / 1e6:.0f} of {said / 1e6:.0f} MB" if said else f"{done / 1e6:.0f} MB"


def _require_safe(address: str) -> str:
    """The host of an address that may be fetched. Raises WrongUse for another one."""
    with suppress(ValueError):  # what is no address at all
        parts = urlsplit(address)
        host = parts.hostname or ""
        if (parts.scheme == "https" and host) or (parts.scheme == "http" and host in OWN_COMPUTER):
            return host
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
