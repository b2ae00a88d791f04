"""Bring downloaded models up to date: `medseg models --update`."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from medseg_app.core.errors import Cancelled, MedsegError, ModelError, WrongUse
from medseg_app.core.progress import Progress, part, silent

from .download_model import bring_offer, fetch_offer
from .download_origin import DownloadOrigin, read_origin
from .folders import Folders
from .model_store import models_of_user, name_of
from .model_zoo import newest_offer, order_of, read_zoo, stated_offer

State = Literal["updated", "up to date", "not from a download", "not updated"]
BY_HAND = "Download it again from an address with its checksum: ADDRESS#sha256=..."


@dataclass(frozen=True)
class Updated:
    """What became of one model. version: that of its place, empty where none is stated.

    reason: why it was not updated though it should have been. remarks: those of its import.
    """

    model: str
    state: State
    version: str = ""
    reason: str = ""
    remarks: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return {key: value for key, value in asdict(self).items() if key != "remarks"}


def update_models(
    name: str = "", *, consent: bool = False, models: Path | None = None, progress: Progress = silent
) -> list[Updated]:
    """Replace each of the user's downloaded models, or the one of this name, where its place has a newer one.

    An older model stays until the newer one came whole, has the checksum that was announced and was proven.
    consent, models: as in `import_model`. Raises the error of the one that was named; of several, each says
    its own.
    Raises WrongUse where the user has no model of this name, or has it from elsewhere.
    """
    place = models or Folders.of_user().models
    chosen = [folder for folder in models_of_user(place) if name in ("", name_of(folder))]
    if name and not chosen:
        names = ", ".join(map(name_of, models_of_user(place))) or "none"
        raise WrongUse(f"{name} is not one of your own models in {place}.", f"Yours are: {names}.")
    zoo = cache(read_zoo)  # asked once, and only if a model came from there
    found = []
    for n, folder in enumerate(chosen):
        share = part(progress, n / len(chosen), (n + 1) / len(chosen))
        try:
            found.append(_update(folder, zoo, consent, share))
        except MedsegError as error:
            if name or isinstance(error, Cancelled):
                raise
            found.append(Updated(name_of(folder), "not updated", reason=str(error)))
    if name and found[0].state == "not from a download":
        raise WrongUse(
            f"{name} was not downloaded, so nobody offers a newer one.", "Import it again instead."
        )
    return found


def _update(folder: Path, zoo: Any, consent: bool, progress: Progress) -> Updated:
    from medseg_app.engines.model_folder import read_model_folder

    model = read_model_folder(folder)
    origin = read_origin(model)
    called = model.card.name
    if origin is None:
        return Updated(called, "not from a download")
    progress(0.0, f"Looking for a newer {called}")
    if not origin.listed:
        _require_same(called, origin, progress)
        return Updated(called, "up to date")
    offer = newest_offer(zoo(), origin.listed)
    if order_of(offer.version) <= order_of(origin.version):
        return Updated(called, "up to date", origin.version)
    if not offer.checksum:
        raise ModelError(
            f"The model zoo offers {called} {offer.version} without a checksum, so it was not taken.", BY_HAND
        )
    made = bring_offer(
        offer, origin.listed, called=called, consent=consent, models=folder.parent, progress=progress
    )
    return Updated(called, "updated", offer.version, remarks=made.remarks)


def _require_same(called: str, origin: DownloadOrigin, progress: Progress) -> None:
    """A place that the user named states neither version nor checksum: what changed there is not taken."""
    with tempfile.TemporaryDirectory(prefix="medseg-download-") as place:
        digests = fetch_offer(stated_offer(origin.address), Path(place) / "bundle.zip", progress)
    if digests["sha256"] != origin.sha256:
        raise ModelError(
            f"What {origin.address} offers is not what {called} was made of, and no checksum tells whether "
            f"it should be so (its SHA-256 is {digests['sha256']}).",
            BY_HAND,
        )
