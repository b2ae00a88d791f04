"""From a proposal to finished labels: which value, name and layer each candidate gets in a file."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.label_map import LabelMap
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.segment import Provenance, Segment
from medseg_app.core.volume import Volume


def to_label_map(proposal: Proposal, volume: Volume) -> LabelMap:
    """All candidates of a proposal as labels on the volume's grid.

    Semantic candidates keep their class value; findings are numbered from 1 by falling score, past
    values that semantic candidates hold. Candidates that overlap come into layers of their own.
    uint8, uint16 where a value is above 255. With no candidate: one empty layer.
    """
    numbered = _values(proposal.candidates)
    highest = max((value for value, _ in numbered), default=0)
    layers: list[NDArray[Any]] = [np.zeros(volume.geometry.shape, np.uint16 if highest > 255 else np.uint8)]
    segments = []
    names: dict[str, int] = {}
    for id_, (value, candidate) in enumerate(numbered, start=1):
        group = _write(layers, candidate, value)
        name = _unique_name(candidate, names)
        segments.append(_segment(id_, value, group, name, candidate, proposal))
    return LabelMap(tuple(layers), volume.geometry, tuple(segments))


def _values(candidates: tuple[Candidate, ...]) -> list[tuple[int, Candidate]]:
    semantic = sorted((c for c in candidates if c.kind == "semantic"), key=lambda c: c.class_value)
    findings = sorted((c for c in candidates if c.kind == "instance"), key=lambda c: -(c.score or 0.0))
    taken = {c.class_value for c in semantic}
    free = (n for n in range(1, len(candidates) + len(taken) + 65536) if n not in taken)
    return [(c.class_value, c) for c in semantic] + list(zip(free, findings, strict=False))


def _write(layers: list[NDArray[Any]], candidate: Candidate, value: int) -> int:
    """Write into the first layer where the candidate meets no other; the index of that layer."""
    for group, layer in enumerate(layers):
        block = layer[candidate.box.slices]
        if not block[candidate.mask].any():
            block[candidate.mask] = value
            return group
    layers.append(np.zeros_like(layers[0]))
    layers[-1][candidate.box.slices][candidate.mask] = value
    return len(layers) - 1


def _unique_name(candidate: Candidate, names: dict[str, int]) -> str:
    names[candidate.name] = names.get(candidate.name, 0) + 1
    number = names[candidate.name]
    if candidate.kind == "semantic" and number == 1:
        return candidate.name
    return f"{candidate.name} {number}"


def _segment(
    id_: int, value: int, group: int, name: str, candidate: Candidate, proposal: Proposal
) -> Segment:
    made_by = proposal.model
    return Segment(
        id=id_,
        name=name,
        value=value,
        group=group,
        colour=candidate.colour,
        kind=candidate.kind,
        category=candidate.category,
        type=candidate.type,
        modifiers=candidate.modifiers,
        region=candidate.region,
        score=candidate.score,
        class_value=candidate.class_value,
        provenance=Provenance(
            source="model", model=made_by.name, model_version=made_by.version, model_sha256=made_by.sha256
        ),
    )
