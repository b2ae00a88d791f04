"""Names of proposed segments: those that several share get a running number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from medseg_app.core.proposal import Candidate


def names_of(candidates: Sequence[Candidate]) -> list[str]:
    """One name per candidate, in their order: Lesion 1, Lesion 2; a name of its own stays as it is."""
    shared = Counter(candidate.name for candidate in candidates)
    seen: Counter[str] = Counter()
    names = []
    for candidate in candidates:
        seen[candidate.name] += 1
        several = shared[candidate.name] > 1
        names.append(f"{candidate.name} {seen[candidate.name]}" if several else candidate.name)
    return names
