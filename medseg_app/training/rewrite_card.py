"""Write another card into a model folder that MedSeg made, and the text for people that follows from it."""

from __future__ import annotations

from medseg_app.core.errors import WrongUse
from medseg_app.engines.model_card import ModelCard
from medseg_app.engines.model_folder import METADATA, ModelFolder
from medseg_app.engines.model_folder_writer import TRAINED_HERE, Papers, write_model_folder
from medseg_app.engines.strict_json import read_strict_json

from .model_readme import model_readme


def rewrite_card(folder: ModelFolder, card: ModelCard) -> ModelFolder:
    """The folder, read back; weights and documents stay as they are.

    Raises WrongUse for a model of another program, ModelError where the folder was changed by others or the
    card is not sound, CouldNotBeDone where it cannot be written.
    """
    require_own(folder)
    papers = Papers(model_readme(card), documents=folder.documents())
    return write_model_folder(folder.path, card, folder.weights(), papers)


def require_own(folder: ModelFolder) -> None:
    """Raises WrongUse where a folder holds the words of others about their model, or stands for several."""
    if folder.parts:
        raise WrongUse(
            f"{folder.card.name} is several models that run as one, and has no card of its own.",
            "Measure it without keeping the result.",
        )
    made = read_strict_json(folder.path / METADATA).get("changelog")
    if not isinstance(made, dict) or TRAINED_HERE.how not in made.values():
        raise WrongUse(
            f"{folder.card.name} was not trained by MedSeg, so its card is not written anew.",
            "Measure it without keeping the result.",
        )
