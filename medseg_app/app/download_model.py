"""Fetch a bundle of MONAI's model zoo and import it: `medseg models --download`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from medseg_app.core.errors import ModelError
from medseg_app.core.progress import Progress, part, silent
from medseg_app.engines.foreign.known_name import known_as

from .download_origin import DownloadOrigin
from .fetch_file import HASHES, fetch
from .import_model import ImportedModel, import_model
from .model_zoo import Offer, newest_offer, read_zoo, stated_offer

MAX_BUNDLE = 4 * 1024**3


def download_model(
    name: str, address: str = "", *, called: str = "", consent: bool = False, models: Path | None = None,
    progress: Progress = silent,
) -> ImportedModel:  # fmt: skip
    """Fetch a bundle and import it; nothing of it is kept where anything fails.

    name: as MONAI's model zoo lists it, or with an address what the model is to be called. address: of a
    ZIP, over https (http for this computer only); `#sha256=...` after it states its checksum. called:
    another name for the model. consent, models: as in `import_model`. Raises WrongUse, ModelError,
    CouldNotBeDone.
    """
    progress(0.0, "Asking for the address")
    offer = stated_offer(address) if address else newest_offer(read_zoo(), name)
    listed = "" if address else name
    return bring_offer(
        offer, listed, called=called or name, consent=consent, models=models, progress=progress
    )


def bring_offer(
    offer: Offer, listed: str, *, called: str, consent: bool = False, models: Path | None = None,
    progress: Progress = silent,
) -> ImportedModel:  # fmt: skip
    """Fetch what is offered, compare it with its checksum, and import it with a note of where it is from.

    listed: its name in the zoo, empty for an address that the user gave.
    """
    with tempfile.TemporaryDirectory(prefix="medseg-download-") as place:
        file = Path(place) / "bundle.zip"
        digests = fetch_offer(offer, file, part(progress, 0.0, 0.8))
        _compare(offer, digests)
        progress(0.8, "Importing")
        origin = DownloadOrigin(listed, offer.address, offer.version, digests["sha256"])
        with known_as(file, offer.address):
            return import_model(
                file, name=called, consent=consent, models=models, documents=origin.documents()
            )


def fetch_offer(offer: Offer, file: Path, progress: Progress = silent) -> dict[str, str]:
    """Write what is offered to a file; its checksums by their kind."""
    with file.open("wb") as out:
        return fetch(offer.address, out, MAX_BUNDLE, progress)


def _compare(offer: Offer, digests: dict[str, str]) -> None:
    kind = HASHES.get(len(offer.checksum))
    if kind and digests[kind] != offer.checksum:
        raise ModelError(
            f"What came from {offer.address} is not what was announced (its {kind.upper()} differs).",
            "Nothing was kept. Try again; if it stays so, tell the makers of the model.",
        )
