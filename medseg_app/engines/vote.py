"""Vote: what several models find of the same kind, made one by how sure each of them is.

As in weighted boxes fusion (Solovyev 2021, arXiv:1910.13302), with masks in the place of boxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from medseg_app.core.box import Box
from medseg_app.core.proposal import Candidate

from .candidates import by_score

CONSIDERED = 0.02
"""Findings below this score have no vote; so low, since slices that hardly show one still belong to it."""
LEAST_IOU = 0.1
"""Findings of two models that overlap at least so much are one."""
MAJORITY = 0.5
"""Share of the scores of a group that must hold a voxel."""

Found = Mapping[int, Sequence[Candidate]]
"""Number of a model -> what it found."""


def vote(found: Found, models: int) -> list[Candidate]:
    """One finding for each group of findings of different models at one place, best score first.

    Best scores first, a finding joins the group of its class that it overlaps most and that holds none of its
    model yet. The score of a group is the mean over all models, with 0 for those that found nothing there;
    its mask are the voxels that hold at least half of its scores. models: how many were asked.
    """
    votes = [(one, number) for number, given in found.items() for one in given if _counts(one)]
    groups: list[_Group] = []
    corners = np.zeros((len(votes), 2, 3), np.int64)
    for one, number in sorted(votes, key=lambda pair: (-(pair[0].score or 0.0), pair[1], pair[0].box.start)):
        place = _place_of(one, number, groups, corners[: len(groups)])
        before = {} if place == len(groups) else groups[place].members
        groups[place : place + 1] = [_Group({**before, number: one})]
        box, _ = groups[place].mask
        corners[place] = box.start, box.stop
    return by_score([group.finding(models) for group in groups])


def _place_of(one: Candidate, number: int, groups: Sequence[_Group], corners: NDArray[np.int64]) -> int:
    """Which group a finding joins; the place behind the last where it begins one.

    corners: (groups, 2, 3) first voxel (k, j, i) of each group, and the one behind its last.
    """
    # A poor model leaves thousands of specks: few of their boxes meet, which is soon known.
    meets = (corners[:, 0] < one.box.stop) & (corners[:, 1] > one.box.start)
    near = np.flatnonzero(meets.all(axis=1)).tolist()
    shared = {n: groups[n].iou(one) for n in near if groups[n].is_open_to(one, number)}
    best = max(shared, key=lambda n: shared[n], default=len(groups))
    return best if shared.get(best, 0.0) >= LEAST_IOU else len(groups)


def _counts(one: Candidate) -> bool:
    return one.kind == "instance" and (one.score or 0.0) >= CONSIDERED


@dataclass(frozen=True, eq=False)
class _Group:
    """Findings of different models (by number) at one place; the best of them came first."""

    members: dict[int, Candidate]

    def is_open_to(self, one: Candidate, number: int) -> bool:
        """Whether a finding of this model may belong to it."""
        return self.first.name == one.name and number not in self.members

    @property
    def first(self) -> Candidate:
        return next(iter(self.members.values()))

    @cached_property
    def mask(self) -> tuple[Box, NDArray[np.bool_]]:
        """The voxels that the group holds, in their box."""
        given = list(self.members.values())
        if len(given) == 1:
            return given[0].box, given[0].mask
        outer = _around(one.box for one in given)
        held = np.zeros(outer.shape, np.float32)
        for one in given:
            held[one.box.within(outer).slices] += np.float32(one.score or 0.0) * one.mask
        total = np.float32(sum(one.score or 0.0 for one in given))
        mask = held >= MAJORITY * total * (1 - 1e-6)
        inner = Box.around(mask) or Box.whole(mask.shape)
        return inner.shifted(outer.start), np.ascontiguousarray(mask[inner.slices])

    def iou(self, one: Candidate) -> float:
        """What a finding and the group have in common, of all that either holds."""
        box, mask = self.mask
        shared = box & one.box
        if shared.is_empty:
            return 0.0
        both = np.count_nonzero(mask[shared.within(box).slices] & one.mask[shared.within(one.box).slices])
        return both / (np.count_nonzero(mask) + one.voxel_count - both)

    def finding(self, models: int) -> Candidate:
        """What the group says, as its best member describes it."""
        box, mask = self.mask
        score = sum(one.score or 0.0 for one in self.members.values()) / models
        return replace(self.first, box=box, mask=mask, score=score)


def _around(boxes: Iterable[Box]) -> Box:
    outer, *others = boxes
    for box in others:
        outer |= box
    return outer
