"""The contract between an engine and everybody who asks it; no torch.

An engine is a class named in the entry-point group `medseg_app.engines`; it is built from a model
folder. It sees voxels and their grid, never a file or a case, and answers with a Proposal on the
grid of the volume that it was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from medseg_app.core.errors import WrongUse
from medseg_app.core.progress import Progress
from medseg_app.core.prompt import Prompt
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume

from .model_card import ModelCard
from .model_folder import ModelFolder
from .preview import Preview

Precision = Literal["exact", "fast"]


@dataclass(frozen=True)
class Request:
    """What is asked of a model.

    precision: "exact" computes in float32, "fast" in fewer bits where that is faster (see precision.py).
    min_score: findings below it are left out; None takes the figure of the card.
    modality: what the user said the images are (for files that do not say it themselves).
    revision: revision of the segmentation that the run starts from, handed back in the proposal.
    focus_lps: where the reader looks (patient mm, LPS), so that this place is computed first; it changes no
    result.
    within: pairs (name of a finding, name of a class) that may hold the same voxels (see panoptic.py).
    prompts: what the reader showed so far, oldest first; for models whose task is "interactive".
    """

    precision: Precision = "exact"
    min_score: float | None = None
    modality: str = ""
    revision: int = 0
    focus_lps: tuple[float, float, float] | None = None
    within: frozenset[tuple[str, str]] = frozenset()
    prompts: tuple[Prompt, ...] = ()

    def __post_init__(self) -> None:
        """Raises WrongUse for what a script may ask for and nobody computes."""
        if self.precision not in get_args(Precision):
            raise WrongUse(f"There is no precision {self.precision!r}.", "Choose exact or fast.")
        if self.min_score is not None and not 0.0 <= self.min_score <= 1.0:
            raise WrongUse(f"No score is {self.min_score}.", "A least score lies between 0 and 1.")


class EngineSession(Protocol):
    """One volume opened by an engine."""

    def propose(self, request: Request, progress: Progress, preview: Preview) -> Proposal:
        """Run the model. Progress rises from 0 to 1; what it raises (Cancelled) ends the run at once.

        Runs that take seconds tell `preview` what they have found so far.
        """


class Engine(Protocol):
    """One model, ready to open volumes."""

    card: ModelCard

    def open(self, volume: Volume, device: str) -> EngineSession:
        """Prepare a volume on a device ("cpu", "cuda:0", "mps"). Raises ModelError, GeometryError."""


class EngineClass(Protocol):
    """What an entry point of the group `medseg_app.engines` names."""

    def __call__(self, folder: ModelFolder) -> Engine:
        """Build the engine of a model folder; weights are read later, by `open`."""
