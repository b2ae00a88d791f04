"""What models that run as one have in common: the sessions one after another, and one proposal for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from medseg_app.core.progress import Progress, part
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.volume import Volume

from .contract import EngineSession, Request
from .joined_card import joint_hash
from .model_card import ModelCard
from .preview import Preview

PreviewOf = Callable[[int], Preview]
"""Number of a model -> who is told what it has found so far."""


def run_in_turn(
    sessions: Sequence[EngineSession],
    request: Request,
    progress: Progress,
    preview_of: PreviewOf,
    done: Callable[[int, Proposal], None],
    models: Sequence[int] = (),
) -> list[Proposal]:
    """Run sessions one after another, each with its share of the progress; `done` hears each proposal.

    models: how many models each session runs, where that is not one.
    """
    proposals = []
    ends = np.cumsum([0, *(models or [1] * len(sessions))])
    for n, session in enumerate(sessions):
        share = part(progress, float(ends[n] / ends[-1]), float(ends[n + 1] / ends[-1]))
        proposals.append(session.propose(request, share, preview_of(n)))
        done(n, proposals[-1])
    return proposals


def joined(
    card: ModelCard, volume: Volume, proposals: Sequence[Proposal], candidates: tuple[Candidate, ...]
) -> Proposal:
    """One proposal for several models. Their remarks stay; the device is that of the last one."""
    remarks = tuple(dict.fromkeys(remark for p in proposals for remark in p.remarks))
    # A model of another package knows the hash of its weights only when it has run.
    model = replace(card.identity, sha256=joint_hash(p.model.sha256 for p in proposals))
    precision = "fast" if all(p.precision == "fast" for p in proposals) else "exact"
    return Proposal(volume.id, candidates, model, proposals[-1].device, precision, remarks=remarks)
