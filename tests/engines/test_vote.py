"""Models that find the same: how their findings become one, by hand and with small models."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from medseg_app.core.box import Box
from medseg_app.core.errors import ModelError
from medseg_app.core.progress import silent
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.engines.adapters.panoptic import PanopticEngine
from medseg_app.engines.combined_model import combine
from medseg_app.engines.contract import Request
from medseg_app.engines.joined_run import run_in_turn
from medseg_app.engines.model_card import LabelClass
from medseg_app.engines.model_folder import ModelFolder
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.engines.predict import build_engine, predict, run_engine
from medseg_app.engines.preview import Preview, unwatched
from medseg_app.engines.vote import LEAST_IOU, vote
from medseg_app.engines.voting_model import find_the_same, least_score

from .test_panoptic import noise
from .tiny_models import TINY, write_tiny_model


def line(first: int, stop: int, score: float, name: str = "Tumour", kind: str = "instance") -> Candidate:
    """A finding over voxels first..stop of a line."""
    return Candidate(
        name, 1, Box((0, 0, first), (1, 1, stop)), np.ones((1, 1, stop - first), bool), kind, score
    )  # type: ignore[arg-type]


def told(found: list[Candidate]) -> list[tuple[str, list[int], float]]:
    return [
        (one.name, [int(p[2]) + one.box.start[2] for p in np.argwhere(one.mask)], round(one.score or 0.0, 6))
        for one in found
    ]


def test_a_voxel_needs_half_of_the_scores_and_half_is_enough() -> None:
    """0, 1: 0.9 of 1.8; 6: 0.6 + 0.3 of 1.8; 7: 0.6 of 1.8."""
    given = {0: [line(0, 6, 0.9)], 1: [line(2, 8, 0.6)], 2: [line(2, 7, 0.3)]}
    assert told(vote(given, 3)) == [("Tumour", [0, 1, 2, 3, 4, 5, 6], 0.6)]


def test_who_finds_nothing_counts_as_nothing_sure() -> None:
    assert told(vote({0: [line(0, 4, 0.9)], 1: [], 2: []}, 3)) == [("Tumour", [0, 1, 2, 3], 0.3)]


def test_of_two_the_surer_one_draws_the_border() -> None:
    assert told(vote({0: [line(0, 6, 0.6)], 1: [line(3, 9, 0.8)]}, 2)) == [
        ("Tumour", [3, 4, 5, 6, 7, 8], 0.7)
    ]


def test_findings_of_one_model_are_never_one() -> None:
    found = vote({0: [line(0, 5, 0.9), line(1, 5, 0.8)]}, 1)
    assert told(found) == [("Tumour", [0, 1, 2, 3, 4], 0.9), ("Tumour", [1, 2, 3, 4], 0.8)]


def test_a_finding_joins_the_one_that_it_overlaps_most() -> None:
    given = {0: [line(0, 4, 0.9), line(6, 12, 0.8)], 1: [line(3, 11, 0.7)]}
    assert [(voxels, score) for _, voxels, score in told(vote(given, 2))] == [
        (list(range(6, 12)), 0.75), ([0, 1, 2, 3], 0.45),
    ]  # fmt: skip


def test_touching_findings_stay_apart_where_each_model_keeps_them_apart() -> None:
    given = {n: [line(0, 5, 0.9 - n / 10), line(5, 9, 0.8 - n / 10)] for n in range(3)}
    assert [voxels for _, voxels, _ in told(vote(given, 3))] == [[0, 1, 2, 3, 4], [5, 6, 7, 8]]


@pytest.mark.parametrize(("stop", "count"), [(10, 1), (11, 2)])
def test_little_overlap_is_none(stop: int, count: int) -> None:
    """One of ten voxels is just enough."""
    assert pytest.approx(0.1) == LEAST_IOU
    assert len(vote({0: [line(0, 1, 0.9)], 1: [line(0, stop, 0.8)]}, 2)) == count


def test_classes_vote_apart_and_what_is_no_finding_or_hardly_one_not_at_all() -> None:
    given = {
        0: [line(0, 4, 0.9), line(0, 4, 0.9, kind="semantic")],
        1: [line(0, 4, 0.8, "Node"), line(0, 4, 0.01)],
    }
    assert [(name, score) for name, _, score in told(vote(given, 2))] == [("Tumour", 0.45), ("Node", 0.4)]


def test_no_order_of_models_changes_the_voxels() -> None:
    rng = np.random.default_rng(3)
    models = [
        [line(int(a), int(a + n), float(s)) for a, n, s in zip(
            rng.integers(0, 30, 6), rng.integers(2, 9, 6), rng.uniform(0.2, 1, 6), strict=True
        )]
        for _ in range(3)
    ]  # fmt: skip
    answers = {
        str(told(vote({n: models[m] for n, m in enumerate(order)}, 3))) for order in ((0, 1, 2), (2, 0, 1))
    }
    assert len(answers) == 1


def test_nothing_given_is_changed() -> None:
    one = line(0, 6, 0.9)
    vote({0: [one], 1: [line(2, 8, 0.6)]}, 2)
    assert one.mask.all()


@pytest.mark.parametrize(
    ("scores", "least"), [((0.7, 0.6, 0.5), 0.4), ((0.6, 0.4), 0.25), ((None, 0.7), 0.3), ((0.5,) * 5, 0.3)]
)
def test_half_of_the_models_must_be_as_sure_as_they_ask_for(scores, least: float) -> None:
    cards = [replace(TINY["mask_rcnn"], thresholds={"min_score": s} if s else {}) for s in scores]
    assert least_score(cards) == pytest.approx(least)


def test_who_finds_the_same() -> None:
    node = replace(TINY["mask_rcnn"], labels={1: LabelClass("Node", (1, 2, 3), "instance")})
    assert find_the_same(TINY["mask_rcnn"], TINY["yolact"])
    assert not find_the_same(TINY["mask_rcnn"], node)
    assert not find_the_same(TINY["unet"], TINY["unet"])


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelFolder]:
    """Two models of tumours, one of organs, and a third of tumours with other words for them."""
    place = tmp_path_factory.mktemp("models")
    parts = {name: write_tiny_model(place / name, name, name) for name in ("mask_rcnn", "yolact", "unet")}
    tumour = LabelClass("Tumour", (1, 2, 3), "instance")
    card = replace(TINY["mask_rcnn"], name="third", labels={4: tumour}, thresholds={"min_ml": 0.01})
    parts["third"] = write_model_folder(place / "third", card, parts["mask_rcnn"].weights())
    return parts


def test_the_card_says_whose_it_is(parts: dict[str, ModelFolder]) -> None:
    both = combine((parts["mask_rcnn"], parts["third"]))
    assert (both.card.name, both.card.engine, both.card.task) == ("mask_rcnn+third", "voting", "instance")
    assert both.card.labels == TINY["mask_rcnn"].labels
    assert both.card.thresholds == {"min_score": 0.15, "min_ml": 0.01}
    assert both.models == (parts["mask_rcnn"], parts["third"])
    assert both.card.sha256 not in {one.card.sha256 for one in both.parts}


def test_two_models_of_the_same_weights_say_together_what_one_says(
    parts: dict[str, ModelFolder], tmp_path: Path
) -> None:
    alone = predict(noise(), parts["mask_rcnn"], device="cpu", min_score=0.1)
    other = write_tiny_model(tmp_path, "mask_rcnn", "twin")
    both = predict(noise(), combine((parts["mask_rcnn"], other)), device="cpu", min_score=0.1)
    assert both.candidates
    assert [(one.box, one.score) for one in both.candidates] == [
        (one.box, pytest.approx(one.score)) for one in alone.candidates
    ]


def test_a_least_score_that_is_asked_for_counts(parts: dict[str, ModelFolder]) -> None:
    engine = build_engine(combine((parts["mask_rcnn"], parts["yolact"])))
    everything = run_engine(engine, noise(), Request(min_score=0.05), "cpu", silent).candidates
    scores = sorted(one.score or 0.0 for one in everything)
    middle = scores[len(scores) // 2]
    some = run_engine(engine, noise(), Request(min_score=middle), "cpu", silent).candidates
    assert 0 < len(some) < len(everything)
    assert all((one.score or 0.0) >= middle for one in some)


def test_with_organs_those_that_find_the_same_vote_first(parts: dict[str, ModelFolder]) -> None:
    order = (parts["mask_rcnn"], parts["unet"], parts["yolact"])
    three = combine(order)
    assert three.card.name == "+".join(part.card.name for part in order)
    assert three.card.task == "panoptic"
    assert [one.card.name for one in three.models] == ["mask_rcnn", "yolact", "unet"]
    assert [label.name for label in three.card.labels.values() if label.kind == "instance"] == ["Tumour"]
    voted = predict(noise(), combine((parts["mask_rcnn"], parts["yolact"])), device="cpu")
    found = predict(noise(), three, device="cpu")
    assert found.model == three.card.identity
    assert [one.score for one in found.candidates if one.kind == "instance"] == [
        one.score for one in voted.candidates
    ]


def test_what_is_shown_on_the_way_is_what_the_models_so_far_agree_on(parts: dict[str, ModelFolder]) -> None:
    shown: list[tuple[Candidate, ...]] = []
    engine = build_engine(combine((parts["mask_rcnn"], parts["yolact"])))
    done = run_engine(
        engine, noise(), Request(), "cpu", silent, preview=lambda now: shown.append(tuple(now()))
    )
    assert shown
    assert told(list(shown[-1])) == told(list(done.candidates))
    least = engine.card.thresholds["min_score"]
    assert all((one.score or 0.0) >= least for now in shown for one in now)


@pytest.mark.parametrize(
    ("names", "message"),
    [(("mask_rcnn", "mask_rcnn"), "names a model twice"), (("unet", "unet"), "names a model twice")],
)
def test_nobody_votes_twice(parts: dict[str, ModelFolder], names: tuple[str, ...], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        combine(tuple(parts[name] for name in names))


def test_models_that_find_something_else_do_not_vote(parts: dict[str, ModelFolder], tmp_path: Path) -> None:
    node = replace(TINY["mask_rcnn"], name="nodes", labels={1: LabelClass("Node", (1, 2, 3), "instance")})
    other = write_model_folder(tmp_path / "nodes", node, parts["mask_rcnn"].weights())
    with pytest.raises(ModelError, match="or all must find the same"):
        combine((parts["mask_rcnn"], other))


def test_thousands_of_specks_are_soon_counted() -> None:
    """As a poor model leaves them; each pair of them is one."""
    rng, count = np.random.default_rng(2), 4000
    places = rng.permutation(20 * 20 * 20)[:count]
    specks = []
    for place in places:
        k, j, i = (3 * int(n) for n in np.unravel_index(place, (20, 20, 20)))
        specks.append((Box((k, j, i), (k + 2, j + 2, i + 2)), float(rng.uniform(0.1, 1))))
    models = {
        n: [Candidate("Tumour", 1, box, np.ones(box.shape, bool), "instance", s) for box, s in specks]
        for n in (0, 1)
    }
    found = vote(models, 2)
    assert len(found) == count
    assert sorted(one.score for one in found) == pytest.approx(sorted(score for _, score in specks))


def test_each_model_has_its_share_of_the_progress_also_within_a_vote(parts: dict[str, ModelFolder]) -> None:
    """The organs took half of the progress, however many models voted on findings."""
    names = [name for name in parts if parts[name].card.gives_findings]
    organs = next(name for name in parts if not parts[name].card.gives_findings)
    engine = build_engine(combine(tuple(parts[name] for name in (organs, *names))))
    assert isinstance(engine, PanopticEngine)
    assert engine.models == [1, len(names)]
    session = SimpleNamespace(propose=lambda _, share, __: share(1.0))
    told = list[float]()
    run_in_turn(
        [session, session], Request(), lambda done, _="": told.append(done), unwatched_by, hear, [1, 3]
    )
    assert told == [0.25, 1.0]


def unwatched_by(_: int) -> Preview:
    return unwatched


def hear(_: int, __: Proposal) -> None:
    """Nothing is done with it."""
