"""Values, names and layers of the labels that are written from a proposal."""

from __future__ import annotations

import numpy as np

from medseg_app.core.box import Box
from medseg_app.core.proposal import Candidate, ModelIdentity, Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.candidates import without_overlap
from medseg_app.engines.to_label_map import to_label_map

from .plugin_engine import plugin_volume

VOLUME: Volume = plugin_volume()


def _candidate(name: str, value: int, kind: str, score: float, start: int) -> Candidate:
    box = Box((0, 0, start), (2, 2, start + 2))
    return Candidate(name, value, box, np.ones(box.shape, bool), kind, score)  # type: ignore[arg-type]


def _tumour(score: float, start: int) -> Candidate:
    return _candidate("Tumour", 1, "instance", score, start)


def _proposal(*candidates: Candidate) -> Proposal:
    return Proposal(VOLUME.id, candidates, ModelIdentity("m", "1", "abc"))


def test_semantic_classes_keep_their_value_and_absent_ones_stay_free() -> None:
    labels = to_label_map(
        _proposal(_candidate("Liver", 7, "semantic", 0.9, 4), _candidate("Cord", 2, "semantic", 0.9, 0)),
        VOLUME,
    )
    assert [(s.value, s.name, s.class_value) for s in labels.segments] == [(2, "Cord", 2), (7, "Liver", 7)]
    assert labels.layers[0].dtype == np.uint8
    assert set(np.unique(labels.layers[0])) == {0, 2, 7}
    assert labels.segments[0].provenance.algorithm_type == "AUTOMATIC"


def test_findings_are_numbered_by_falling_score() -> None:
    labels = to_label_map(
        _proposal(
            *(_candidate("Tumour", 1, "instance", score, 4 * n) for n, score in enumerate((0.3, 0.9, 0.5)))
        ),
        VOLUME,
    )
    assert [(s.value, s.name, s.score) for s in labels.segments] == [
        (1, "Tumour 1", 0.9),
        (2, "Tumour 2", 0.5),
        (3, "Tumour 3", 0.3),
    ]
    assert labels.layers[0][0, 0, 4] == 1


def test_findings_pass_the_values_of_semantic_classes() -> None:
    labels = to_label_map(
        _proposal(_candidate("Tumour", 9, "instance", 0.9, 0), _candidate("Liver", 1, "semantic", 0.9, 4)),
        VOLUME,
    )
    assert {s.name: s.value for s in labels.segments} == {"Liver": 1, "Tumour 1": 2}


def test_overlapping_candidates_get_layers_of_their_own() -> None:
    labels = to_label_map(
        _proposal(_tumour(0.9, 0), _tumour(0.8, 1)),
        VOLUME,
    )
    assert [s.group for s in labels.segments] == [0, 1]
    assert [int(labels.mask(s).sum()) for s in labels.segments] == [8, 8]


def test_engines_give_shared_voxels_to_the_better_candidate() -> None:
    best, other = without_overlap([_tumour(0.9, 0), _tumour(0.8, 1)])
    assert (best.voxel_count, other.voxel_count) == (8, 4)
    assert other.box == Box((0, 0, 2), (2, 2, 3))
    assert len(without_overlap([best, best])) == 1


def test_values_above_255_need_two_bytes() -> None:
    labels = to_label_map(_proposal(_candidate("Rare", 300, "semantic", 0.9, 0)), VOLUME)
    assert labels.layers[0].dtype == np.uint16
    assert labels.layers[0].max() == 300


def test_nothing_found_is_one_empty_layer() -> None:
    labels = to_label_map(_proposal(), VOLUME)
    assert labels.segments == ()
    assert labels.layers[0].dtype == np.uint8
    assert not labels.layers[0].any()
