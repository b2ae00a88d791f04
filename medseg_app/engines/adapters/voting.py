"""Voting engine: several models that find the same, on the same volume; see engines/vote.py for the rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from medseg_app.core.progress import Progress
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.candidates import of_class
from medseg_app.engines.contract import EngineSession, Request
from medseg_app.engines.joined_run import joined, run_in_turn
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.panoptic import PanopticRules, merge_panoptic
from medseg_app.engines.preview import Preview
from medseg_app.engines.registry import load_engine
from medseg_app.engines.vote import CONSIDERED, Found, vote
from medseg_app.engines.voting_model import MIN_ML, MIN_SCORE


class VotingEngine:
    """Runs models one after another, and puts together what they find."""

    def __init__(self, folder: ModelFolder) -> None:
        self.card = folder.card
        self._engines = [load_engine(one.card.engine)(one) for one in folder.parts]
        self._values = {label.name: value for value, label in folder.card.labels.items()}

    def open(self, volume: Volume, device: str) -> VotingSession:
        """Open the volume with every model."""
        return VotingSession(self, volume, [engine.open(volume, device) for engine in self._engines])

    def own(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Candidates of one model as the card of all describes their class."""
        return [self._described(one) for one in candidates]

    def _described(self, one: Candidate) -> Candidate:
        value = self._values[one.name]
        return of_class(self.card.labels[value], value, one.box, one.mask, one.score)


class VotingSession:
    """One volume opened by all models."""

    def __init__(self, engine: VotingEngine, volume: Volume, sessions: list[EngineSession]) -> None:
        self._engine, self._volume, self._sessions = engine, volume, sessions

    def propose(self, request: Request, progress: Progress, preview: Preview) -> Proposal:
        """What they find together, at the least score of the card or at that which was asked for."""
        own, card = self._engine.own, self._engine.card
        least = card.thresholds[MIN_SCORE] if request.min_score is None else request.min_score
        found: dict[int, list[Candidate]] = {}

        def hear(number: int, proposal: Proposal) -> None:
            found[number] = own(proposal.candidates)

        def so_far(number: int) -> Preview:
            return lambda now: preview(lambda: self._decided({**found, number: own(now())}, least))

        asked = replace(request, min_score=min(CONSIDERED, least))
        proposals = run_in_turn(self._sessions, asked, progress, so_far, hear)
        return joined(card, self._volume, proposals, self._decided(found, least))

    def _decided(self, found: Found, least: float) -> tuple[Candidate, ...]:
        """The findings of the models that have answered; a voxel belongs to the best that holds it."""
        voted = [one for one in vote(found, len(found)) if (one.score or 0.0) >= least]
        card = self._engine.card
        min_ml = dict.fromkeys(card.labels, card.thresholds.get(MIN_ML, 0.0))
        return merge_panoptic(voted, self._volume.geometry.voxel_volume_ml, PanopticRules(min_ml=min_ml))
