"""Panoptic results: the rules on hand-made masks, models that combine, and the whole way into files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import medseg_app as ms
from medseg_app.core.box import Box
from medseg_app.core.errors import ModelError, WrongUse
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.proposal import Candidate, Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.combined_model import (
    check_within,
    combine,
    least_volumes,
    possible_within,
    values_of,
)
from medseg_app.engines.model_folder_writer import write_model_folder
from medseg_app.engines.panoptic import PanopticRules, merge_panoptic
from medseg_app.engines.predict import build_engine, predict
from medseg_app.engines.registry import find_model

from .tiny_models import TINY, write_tiny_model


def row(name: str, first: int, stop: int, kind: str = "semantic", value: int = 1, score: float = 0.9):
    """A candidate over voxels first..stop of a line."""
    mask = np.ones((1, 1, stop - first), bool)
    return Candidate(name, value, Box((0, 0, first), (1, 1, stop)), mask, kind, score)


def voxels(candidates) -> dict[str, list[int]]:
    found = {}
    for one in candidates:
        found[f"{one.name} {one.score:g}"] = [int(p[2]) + one.box.start[2] for p in np.argwhere(one.mask)]
    return found


def test_a_finding_is_laid_over_the_classes():
    merged = merge_panoptic([row("Liver", 0, 8), row("Lesion", 3, 5, "instance")], 1.0)
    assert voxels(merged) == {"Lesion 0.9": [3, 4], "Liver 0.9": [0, 1, 2, 5, 6, 7]}
    assert [one.kind for one in merged] == ["instance", "semantic"]


def test_a_finding_that_is_part_of_a_class_leaves_it_whole_and_others_not():
    given = [row("Liver", 0, 8), row("Fat", 8, 12, value=2), row("Lesion", 6, 10, "instance")]
    merged = merge_panoptic(given, 1.0, PanopticRules(frozenset({("Lesion", "Liver")})))
    assert voxels(merged) == {
        "Lesion 0.9": [6, 7, 8, 9], "Liver 0.9": list(range(8)), "Fat 0.9": [10, 11],
    }  # fmt: skip


def test_the_better_finding_keeps_the_voxels():
    given = [row("Lesion", 0, 6, "instance", score=0.6), row("Lesion", 4, 8, "instance", score=0.8)]
    assert voxels(merge_panoptic(given, 1.0)) == {"Lesion 0.8": [4, 5, 6, 7], "Lesion 0.6": [0, 1, 2, 3]}


def test_what_better_findings_leave_less_than_half_of_is_dropped_and_takes_nothing():
    given = [
        row("Lesion", 0, 6, "instance", score=0.9),
        row("Lesion", 2, 9, "instance", score=0.8),  # 3 of 7 voxels are left
        row("Lesion", 7, 11, "instance", score=0.7),
        row("Liver", 0, 12),
    ]
    assert voxels(merge_panoptic(given, 1.0)) == {
        "Lesion 0.9": [0, 1, 2, 3, 4, 5], "Lesion 0.7": [7, 8, 9, 10], "Liver 0.9": [6, 11],
    }  # fmt: skip


def test_small_findings_are_dropped_by_their_volume():
    given = [row("Lesion", 0, 4, "instance"), row("Lesion", 6, 8, "instance", score=0.5), row("Liver", 0, 8)]
    merged = merge_panoptic(given, 0.1, PanopticRules(min_ml={1: 0.3}))
    assert voxels(merged) == {"Lesion 0.9": [0, 1, 2, 3], "Liver 0.9": [4, 5, 6, 7]}


def test_each_model_says_how_small_its_findings_may_be():
    organs = replace(TINY["unet"], thresholds={"min_ml": 9.0})
    tumours = replace(TINY["mask_rcnn"], thresholds={"min_ml": 0.3, "min_score": 0.2})
    nodes = replace(TINY["yolact"], name="nodes")
    cards = [organs, tumours, nodes]
    tumour, node = (table[1] for table in values_of(cards)[1:])
    least = least_volumes(cards)
    assert (least[tumour], node in least) == (0.3, False)
    given = [
        row("Tumour", 0, 2, "instance", tumour),
        row("Node", 4, 6, "instance", node),
        row("Liver", 8, 9, value=2),
    ]
    merged = merge_panoptic(given, 0.1, PanopticRules(min_ml=least))
    assert [one.name for one in merged] == ["Node", "Liver"]


def test_the_thresholds_of_either_part_count_in_either_order(tmp_path: Path):
    parts = {name: write_tiny_model(tmp_path / name, name) for name in ("unet", "mask_rcnn")}
    card = replace(TINY["mask_rcnn"], thresholds={"min_ml": 1e6})
    lesions = write_model_folder(tmp_path / "large", card, parts["mask_rcnn"].weights())
    for order in ((parts["unet"], lesions), (lesions, parts["unet"])):
        combined = combine(order)
        assert combined.card.thresholds == {}
        assert set(build_engine(combined).min_ml.values()) == {1e6}  # type: ignore[attr-defined]


def test_a_class_without_voxels_is_dropped_and_nothing_given_is_changed():
    liver = row("Liver", 2, 4)
    merged = merge_panoptic([liver, row("Lesion", 0, 6, "instance")], 1.0)
    assert [one.name for one in merged] == ["Lesion"]
    assert liver.mask.all()


def test_classes_keep_their_values_and_findings_get_free_ones():
    cards = [
        TINY["mask_rcnn"],
        replace(TINY["unet"], labels={1: TINY["unet"].labels[2], 2: TINY["unet"].labels[5]}),
    ]
    assert values_of(cards) == [{1: 3}, {1: 1, 2: 2}]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("unet", "mask_rcnn", "yolact"):
        write_tiny_model(tmp_path / name, name)
    other = replace(TINY["mask_rcnn"], name="tiny-mr", modality=("MR",))
    parts = write_tiny_model(tmp_path / "x", "mask_rcnn")
    write_model_folder(tmp_path / "mr", other, parts.weights())
    return tmp_path


def test_models_are_combined_by_their_names(place: Path):
    found = find_model("tiny-lesions+tiny-organs", place)
    assert found.card.task == "panoptic"
    assert {value: label.name for value, label in found.card.labels.items()} == {
        2: "Liver", 5: "Spleen", 1: "Tumour",
    }  # fmt: skip
    parts = [find_model(name, place) for name in ("tiny-lesions", "tiny-organs")]
    assert found.card.sha256 not in {part.card.sha256 for part in parts}
    assert combine(tuple(parts)).card.sha256 == found.card.sha256
    assert combine(tuple(reversed(parts))).card.sha256 != found.card.sha256


@pytest.mark.parametrize(
    ("model", "pair", "message"),
    [
        ("tiny-lesions+tiny-organs", ("Tumour", "Nothing"), "no class Nothing"),
        ("tiny-lesions+tiny-organs", ("Liver", "Tumour"), "no finding Liver"),
        ("tiny-lesions", ("Tumour", "Liver"), "no class Liver"),
        ("tiny-organs", ("Tumour", "Liver"), "no finding Tumour"),
    ],
)
def test_names_that_no_model_has_are_refused(place: Path, model: str, pair: tuple[str, str], message: str):
    card = find_model(model, place).card
    with pytest.raises(WrongUse, match=message):
        check_within(card, {pair})
    check_within(find_model("tiny-lesions+tiny-organs", place).card, {("Tumour", "Liver")})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tiny-organs+tiny-mr", "different kinds of images"),
        ("tiny-lesions+tiny-lesions", "cannot be combined"),
        ("tiny-organs+nothing", "no model nothing"),
        ("tiny-organs+", "no model"),
    ],
)
def test_models_that_do_not_combine_are_refused(place: Path, name: str, message: str):
    with pytest.raises(ModelError, match=message):
        find_model(name, place)


def test_the_parts_say_the_same_alone_and_together(place: Path):
    volume = noise()
    geometry = volume.geometry
    together = predict(volume, find_model("tiny-organs+tiny-lesions", place), device="cpu")
    lesions = predict(volume, find_model("tiny-lesions", place), device="cpu")
    organs = predict(volume, find_model("tiny-organs", place), device="cpu")
    found = [one for one in together.candidates if one.kind == "instance"]
    assert [(one.box, one.score) for one in found] == [(one.box, one.score) for one in lesions.candidates]
    taken = np.zeros(geometry.shape, bool)
    for one in found:
        taken[one.box.slices] |= one.mask
    for one in (one for one in together.candidates if one.kind == "semantic"):
        (alone,) = (other for other in organs.candidates if other.class_value == one.class_value)
        mine, theirs = np.zeros((2, *geometry.shape), bool)
        mine[one.box.slices], theirs[alone.box.slices] = one.mask, alone.mask
        assert np.array_equal(mine, theirs & ~taken)


def noise(shape: tuple[int, int, int] = (12, 60, 60)) -> Volume:
    geometry = VolumeGeometry.regular(shape, np.diag([3.0, 1.0, 1.0, 1.0]), "1.2")
    return Volume(np.random.default_rng(5).normal(-300, 300, shape).astype(np.int16), geometry, "1.2.3", "CT")


def shared_voxels(proposal: Proposal, name: str) -> int:
    """How many voxels of a class belong to a finding too."""
    shape = noise().geometry.shape
    found, marked = np.zeros((2, *shape), bool)
    for one in proposal.candidates:
        if one.kind == "instance":
            found[one.box.slices] |= one.mask
        elif one.name == name:
            marked[one.box.slices] |= one.mask
    return int((found & marked).sum())


def test_python_keeps_both_where_it_is_told_to(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MEDSEG_MODELS", str(place))
    name = "tiny-organs+tiny-lesions"
    apart = ms.predict(noise(), name, device="cpu")
    both = ms.predict(noise(), name, device="cpu", within=[("Tumour", "Liver")])
    assert [shared_voxels(apart, one) for one in ("Liver", "Spleen")] == [0, 0]
    assert shared_voxels(both, "Liver") > 0
    assert shared_voxels(both, "Spleen") == 0


@pytest.mark.parametrize(
    ("within", "message"),
    [
        ([("Tumour", "Nothing")], "no class Nothing"),
        ([("Lump", "Liver")], "no finding Lump"),
        (["Tumour:Liver"], "no pair"),
        (("Tumour", "Liver"), "no pair"),
        ([("Tumour", "Liver", "Spleen")], "no pair"),
    ],
)
def test_python_refuses_what_the_command_line_refuses(
    place: Path, monkeypatch: pytest.MonkeyPatch, within: Any, message: str
):
    monkeypatch.setenv("MEDSEG_MODELS", str(place))
    with pytest.raises(WrongUse, match=message):
        ms.predict(noise(), "tiny-organs+tiny-lesions", device="cpu", within=within)


def test_the_pairs_that_are_possible_are_those_that_pass_the_check(place: Path):
    parts = [find_model(name, place).card for name in ("tiny-organs", "tiny-lesions")]
    pairs = possible_within(parts)
    assert pairs == [("Tumour", "Liver"), ("Tumour", "Spleen")]
    check_within(find_model("tiny-organs+tiny-lesions", place).card, pairs)
    assert possible_within(parts[:1]) == possible_within(parts[1:]) == []


def test_the_command_line_writes_one_verified_file(place: Path, tmp_path: Path, medseg_line, capsys):
    import nibabel

    image = np.random.default_rng(5).normal(-300, 300, (40, 40, 12)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(image, np.diag([1.0, 1.0, 3.0, 1.0])), tmp_path / "image.nii.gz")
    out = tmp_path / "out.nii.gz"
    words = [
        "predict", tmp_path / "image.nii.gz", "--model", "tiny-organs+tiny-lesions", "--models", place,
        "-o", out, "-o", tmp_path / "out.json", "--device", "cpu",
    ]  # fmt: skip
    assert medseg_line(*words) == 0
    document = json.loads((tmp_path / "out.json").read_text())
    values = set(np.unique(np.asarray(nibabel.load(out).dataobj))) - {0}
    assert values == {row["value"] for row in document["segments"]}
    assert document["model"]["name"] == "tiny-organs+tiny-lesions"
    names = {row["name"].split()[0] for row in document["segments"]}
    assert {"Tumour"} < names <= {"Tumour", "Liver", "Spleen"}
    for pair, word in (("Tumour:Nothing", "no class Nothing"), ("Lump:Liver", "no finding Lump")):
        for more in ([], ["--series", "all", "--format", "nii.gz"]):
            capsys.readouterr()
            assert (
                medseg_line(
                    *words[:6], "-o", tmp_path / ("none" if more else "none.nii"), *more, "--within", pair
                )
                == 2
            )
            assert word in capsys.readouterr().err
    # What a flat file cannot hold is refused before anything is written under its name.
    out.unlink()
    overlapping = [word for name in ("Liver", "Spleen") for word in ("--within", f"Tumour:{name}")]
    assert medseg_line(*words, *overlapping) == 2
    assert not out.exists()


@pytest.fixture
def medseg_line():
    from medseg_app.cli.main import main

    return lambda *words: main([str(word) for word in words])


def test_classes_and_findings_of_one_colour_are_told_apart(tmp_path: Path) -> None:
    """Findings keep theirs; a class that has it too gets another, in the card and in what is proposed."""
    parts = tuple(write_tiny_model(tmp_path / name, name) for name in ("unet", "mask_rcnn"))
    orange = (213, 94, 0)
    alike = tuple(
        replace(
            part,
            card=replace(
                part.card, labels={v: replace(label, colour=orange) for v, label in part.card.labels.items()}
            ),
        )
        for part in parts
    )
    labels = combine(alike).card.labels
    assert len({label.colour for label in labels.values()}) == len(labels)
    (finding,) = (label for label in labels.values() if label.kind == "instance")
    assert finding.colour == orange
    assert all(label.colour != orange for label in labels.values() if label.kind == "semantic")
