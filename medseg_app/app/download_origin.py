"""Where a downloaded model came from, as its folder keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medseg_app.core.errors import ModelError

if TYPE_CHECKING:
    from medseg_app.engines.model_folder import ModelFolder

DOCUMENT = "docs/download.json"


@dataclass(frozen=True)
class DownloadOrigin:
    """listed: the model's name in the zoo, empty where the user gave the address. version: the zoo's.

    sha256: of the file that was fetched.
    """

    listed: str
    address: str
    version: str
    sha256: str

    def documents(self) -> dict[str, bytes]:
        """The file of the model folder that keeps it."""
        return {DOCUMENT: (json.dumps(asdict(self), indent=2) + "\n").encode()}


def read_origin(model: ModelFolder) -> DownloadOrigin | None:
    """Where a model came from; None for one that was not downloaded. Raises ModelError for a damaged note."""
    data = model.documents().get(DOCUMENT)
    if data is None:
        return None
    try:
        values = json.loads(data)
        if not all(isinstance(value, str) for value in values.values()):
            raise TypeError
        return DownloadOrigin(**values)
    except (ValueError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{Path(model.path) / DOCUMENT} does not say where the model came from.", "Download it again."
        ) from error
