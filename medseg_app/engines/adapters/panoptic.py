"""Panoptic engine: a model of classes and a model of findings on the same volume, merged by stated rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from medseg_app.core.progress import Progress
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.combined_model import least_volumes, values_of
from medseg_app.engines.contract import EngineSession, Request
from medseg_app.engines.joined_run import joined, run_in_turn
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.panoptic import PanopticRules, merge_panoptic
from medseg_app.engines.preview import Preview
from medseg_app.engines.registry import load_engine


class PanopticEngine:
    """Runs the parts of a combined model one after another; see engines/panoptic.py for the rules."""

    def __init__(self, folder: ModelFolder) -> None:
        self.card = folder.card
        self._engines = [load_engine(one.card.engine)(one) for one in folder.parts]
        self.models = [len(one.models) for one in folder.parts]
        cards = [one.card for one in folder.parts]
        self._values, self.min_ml = values_of(cards), least_volumes(cards)

    def open(self, volume: Volume, device: str) -> PanopticSession:
        """Open the volume with every part."""
        sessions = [engine.open(volume, device) for engine in self._engines]
        return PanopticSession(self, volume, sessions)

    def own(self, number: int, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Candidates of one part under the class values and colours of the combined model."""
        table, labels = self._values[number], self.card.labels
        values = ((one, table[one.class_value]) for one in candidates)
        return [replace(one, class_value=value, colour=labels[value].colour) for one, value in values]


class PanopticSession:
    """One volume opened by all parts."""

    def __init__(self, engine: PanopticEngine, volume: Volume, sessions: list[EngineSession]) -> None:
        self._engine, self._volume, self._sessions = engine, volume, sessions

    def propose(self, request: Request, progress: Progress, preview: Preview) -> Proposal:
        """What the parts propose, merged."""
        engine, candidates = self._engine, list[Candidate]()
        proposals = run_in_turn(
            self._sessions,
            request,
            progress,
            lambda n: self._joined(n, candidates, preview),
            lambda n, proposal: candidates.extend(engine.own(n, proposal.candidates)),
            engine.models,
        )
        rules = PanopticRules(request.within, engine.min_ml)
        merged = merge_panoptic(candidates, self._volume.geometry.voxel_volume_ml, rules)
        return joined(engine.card, self._volume, proposals, merged)

    def _joined(self, number: int, before: list[Candidate], preview: Preview) -> Preview:
        """Shows what a part finds together with what the parts before it proposed."""
        finished = list(before)
        return lambda found: preview(lambda: [*finished, *self._engine.own(number, found())])
