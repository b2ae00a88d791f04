"""Import a model of another program into the user's models: `medseg models --import`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medseg_app.core.errors import CouldNotBeDone, ModelError

from .folders import Folders


@dataclass(frozen=True)
class ImportedModel:
    """What an import made. replaced: version of the model that stood under its name, empty for none.

    remarks: what of the original could not be kept.
    """

    name: str
    version: str
    folder: Path
    replaced: str
    remarks: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The JSON document."""
        return {
            "model": self.name,
            "version": self.version,
            "folder": str(self.folder),
            "replaced": self.replaced or None,
            "remarks": list(self.remarks),
        }


def import_model(
    path: Path,
    *,
    name: str = "",
    consent: bool = False,
    models: Path | None = None,
    documents: Mapping[str, bytes] | None = None,
) -> ImportedModel:
    """Read the model in a folder, ZIP or file, convert it, prove that it works, and give it its name.

    name: other than its own. consent: a program (TorchScript, code of a bundle) may be run once, contained;
    see consent_text in medseg_app/engines/foreign/consent.py. models: the folder it goes to, the user's
    without it. documents: further files for its folder, by their path in it. A model of that name is
    replaced. Raises InputError, ModelError with the reason, CouldNotBeDone; then nothing was changed.
    """
    from medseg_app.engines.foreign.known_name import known_as
    from medseg_app.engines.foreign.proof import prove
    from medseg_app.engines.foreign.read_foreign import read_foreign
    from medseg_app.engines.model_folder_writer import swap_folder, write_model_folder

    draft = read_foreign(path, consent)
    card = draft.card if draft.is_own else _with_terms(draft.card)
    card = replace(card, name=name) if name else card
    papers = replace(draft.papers, documents={**draft.papers.documents, **(documents or {})})
    place = models or Folders.of_user().models
    with _staging(place) as staging, known_as(staging / "model", path):
        made = write_model_folder(staging / "model", card, draft.weights, papers)
        prove(made)
        target = place / card.name
        replaced = _version_of(target)
        swap_folder(made.path, target)
    remarks = (*draft.remarks, *_hidden_by(target))
    return ImportedModel(card.name, card.version, target, replaced, remarks)


def _hidden_by(target: Path) -> list[str]:
    """A remark where a model of this name stands in another place and is found no more."""
    from medseg_app.engines.model_folder import CARD
    from medseg_app.engines.registry import model_places

    others = [place / target.name for place in model_places() if place != target.parent]
    return [f"{other} is hidden by it." for other in others if (other / CARD).is_file()]


def _with_terms(card: Any) -> Any:
    """The card with codes and colours for those classes that the vocabulary knows by name."""
    return replace(card, labels={value: _with_term(label) for value, label in card.labels.items()})


def _with_term(label: Any) -> Any:
    from medseg_app.core.segment import TISSUE
    from medseg_app.io.terminology import find

    term = find(label.name.replace("_", " ")) if label.type == TISSUE else None
    if term is None:
        return label
    return replace(
        label, name=term.name, colour=term.colour, kind=term.kind, category=term.category, type=term.type,
        modifiers=term.modifiers,
    )  # fmt: skip


@contextmanager
def _staging(place: Path) -> Iterator[Path]:
    """A folder beside the models in which one is finished; a killed import's is removed by the next."""
    from medseg_app.io.atomic import remove_remains, temporary_prefix

    staging = None
    try:
        place.mkdir(parents=True, exist_ok=True)
        remove_remains(place)
        staging = Path(tempfile.mkdtemp(prefix=temporary_prefix(), dir=place))
        yield staging
    except OSError as error:
        raise CouldNotBeDone(
            f"The model cannot be written to {place} ({error.strerror or error}).",
            "Free some space, or look at your rights to that folder.",
        ) from error
    finally:
        if staging:
            shutil.rmtree(staging, ignore_errors=True)


def _version_of(target: Path) -> str:
    """The version of the model that is replaced. Raises ModelError where something else stands there."""
    from medseg_app.engines.model_folder import CARD, read_model_folder

    if not target.exists():
        return ""
    if not (target / CARD).is_file():
        raise ModelError(f"{target} is there already and is no model.", "Choose another --name.")
    try:
        return str(read_model_folder(target).card.version)
    except ModelError:  # damaged: all the better that it is replaced
        return "a damaged copy"
