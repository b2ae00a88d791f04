"""Closeness to torch is measured with the model's own weights, written into its card, and obeyed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from medseg_app.core.box import Box
from medseg_app.core.errors import WrongUse
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.proposal import Cost, ModelIdentity, Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines import voxel_network
from medseg_app.engines.model_card import UnionClass
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.model_folder_writer import Origin, Papers, write_model_folder
from medseg_app.engines.openvino_backend import openvino_run
from medseg_app.engines.registry import find_model
from medseg_app.engines.unions import with_unions
from medseg_app.metrics.instances import Finding
from medseg_app.training import backend_figures
from medseg_app.training.agreement import Answer, agreement
from medseg_app.training.backend_figures import measure_backends, with_backends
from medseg_app.training.dataset import find_cases
from medseg_app.training.evaluate import evaluate_model
from medseg_app.training.few_images import _middle
from medseg_app.training.rewrite_card import require_own
from tests.data_folder import ROOT
from tests.engines.test_panoptic import row
from tests.engines.tiny_models import TINY, write_tiny_model
from tests.training.tiny import SHAPE, train_tiny


def answer(classes, *findings: Finding) -> Answer:
    return Answer(np.array(classes, np.uint16).reshape(1, 1, -1), findings, 1.0, 10.0)


def finding(width: int, score: float = 0.9) -> Finding:
    mask = np.zeros((1, 1, 10), bool)
    mask[..., :width] = True
    return Finding(Box.whole(mask.shape), mask, "Tumour", score)


def test_dice_is_that_of_the_foreground_of_all_images_together():
    said = [answer([0, 1, 2, 2]), answer([0, 0, 1, 1]), answer([0, 0, 0, 0])]
    truth = [answer([0, 1, 1, 2]), answer([0, 0, 1, 1]), answer([0, 0, 0, 0])]
    found = agreement(said, truth)
    assert found.dice == 0.8
    assert found.worst_dice == 0.6666
    assert found.ap is None


def test_nothing_in_both_is_no_agreement_and_no_disagreement():
    assert agreement([answer([0])], [answer([0])]).dice is None
    assert agreement([answer([1])], [answer([0])]).dice == 0.0


def test_findings_are_compared_with_those_of_torch():
    same = agreement([answer([1], finding(5))], [answer([1], finding(5))])
    missed = agreement([answer([1])], [answer([1], finding(5))])
    other = agreement([answer([1], finding(2))], [answer([1], finding(5))])
    assert (same.ap, missed.ap, other.ap) == (1.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("data"))


def off_by_a_little(*arguments):
    """A backend that forgets the rim of every tile."""
    run = openvino_run(*arguments)
    assert run is not None

    def wrong(tile):
        logits = run(tile)
        logits[:, :, :, :12] = torch.tensor([9.0, 0.0, 0.0])[:, None, None, None]
        return logits

    return wrong


def test_evaluating_writes_it_into_the_card_and_the_text_for_people(trained):
    recipe, out = trained
    before = read_model_folder(out).card.sha256
    evaluate_model(out, recipe)
    card = read_model_folder(out).card
    assert card.sha256 == before
    exact = next(one for one in card.backends if one.precision == "exact")
    assert (exact.device, exact.by, exact.images) == ("cpu", "OpenVINO in float32", 1)
    assert exact.dice >= exact.worst_dice >= 0.999
    assert exact.seconds > 0
    assert exact.gflops > 0
    assert f"| exact, cpu | OpenVINO in float32 | 1 | {exact.dice:.4f} |" in (
        out / "docs/README.md"
    ).read_text("utf-8")


def test_a_backend_that_is_wrong_is_found_out_and_no_earlier_verdict_hides_it(trained, monkeypatch):
    recipe, out = trained
    monkeypatch.setattr(voxel_network, "openvino_run", off_by_a_little)
    folder = read_model_folder(out)
    for _ in range(2):
        found = measure_backends(folder, recipe)
        exact = next(one for one in found if one.precision == "exact")
        assert exact.by == "OpenVINO in float32"
        assert exact.dice < 0.999
        assert not exact.is_close
        folder = replace(folder, card=with_backends(folder.card, found))


def test_the_start_of_an_engine_is_not_told_as_the_time_of_a_single_image(trained, monkeypatch):
    recipe, out = trained
    begun = []

    def run(engine, *_):
        if engine not in begun:
            begun.append(engine)
            now[0] += 100.0
        now[0] += 1.0
        return Proposal("", (), ModelIdentity("tiny", "1", ""), cost=Cost(1.0, 1.0))

    now = [0.0]
    monkeypatch.setattr(backend_figures, "run_engine", run)
    monkeypatch.setattr(backend_figures, "threads", lambda: 1)
    clock = SimpleNamespace(process_time=lambda: now[0], perf_counter=lambda: now[0])
    monkeypatch.setattr(backend_figures, "time", clock)
    (line, *_) = measure_backends(read_model_folder(out), recipe)
    assert line.seconds * np.prod(SHAPE) / 1e6 == pytest.approx(1.0, abs=1e-3)


def test_lines_of_other_devices_and_precisions_stay(trained):
    recipe, out = trained
    folder = read_model_folder(out)
    found = [one for one in measure_backends(folder, recipe) if one.precision == "exact"]
    card = replace(folder.card, backends=tuple(replace(one, device="cuda") for one in found))
    both = with_backends(card, found)
    assert {one.device for one in both.backends} == {"cpu", "cuda"}
    assert with_backends(both, found).backends == both.backends
    elsewhere = replace(found[0], precision="fast", by="OpenVINO in bfloat16", seconds=0.5)
    newer = replace(found[0], seconds=99.0)
    lines = with_backends(replace(card, backends=(*found, elsewhere)), [newer]).backends
    assert lines == (newer, elsewhere)


def test_of_a_large_image_the_middle_is_taken(trained):
    recipe, out = trained
    card = read_model_folder(out).card
    volume = find_cases(recipe).validation[0].read()[0]
    assert _middle(volume, card).geometry.shape == volume.geometry.shape
    _, j, i = volume.geometry.shape
    geometry = VolumeGeometry.regular((4000, j, i), np.eye(4), "1.2")
    large = replace(volume, voxels=np.zeros(geometry.shape, np.int16), geometry=geometry)
    middle = _middle(large, card)
    assert 2 <= middle.geometry.shape[0] < 4000
    assert np.prod(middle.geometry.shape) <= 2e6 + j * i
    cut = (4000 - middle.geometry.shape[0]) // 2
    np.testing.assert_allclose(middle.geometry.to_patient((0, 0, 0)), geometry.to_patient((cut, 0, 0)))


@pytest.mark.parametrize("extra", [(), ("--backends",)])
def test_the_command_keeps_what_it_measured(trained, tmp_path, extra, capsys):
    from medseg_app.cli.main import main

    recipe, out = trained
    folder = read_model_folder(out)
    bare = replace(folder.card, backends=(), figures={})
    write_model_folder(tmp_path / "m", bare, folder.weights())
    words = ["measure", str(recipe.path), "--model", str(tmp_path / "m"), "--device", "cpu", *extra]
    assert main(words) == 0
    assert read_model_folder(tmp_path / "m").card == replace(
        bare, sha256=folder.card.sha256, size=folder.card.size
    )
    assert main([*words, "--keep"]) == 0
    kept = read_model_folder(tmp_path / "m").card
    assert bool(kept.backends) == bool(extra)
    assert bool(kept.figures) != bool(extra)
    if extra:
        assert "OpenVINO in float32" in capsys.readouterr().out


def test_the_card_of_another_program_is_not_written_anew(trained, tmp_path, capsys):
    from medseg_app.cli.main import main

    recipe, out = trained
    folder = read_model_folder(out)
    papers = Papers("their words", origin=Origin("Somebody", "imported"))
    other = write_model_folder(tmp_path / "theirs", folder.card, folder.weights(), papers)
    words = ["measure", str(recipe.path), "--model", str(other.path), "--keep", "--backends"]
    assert main(words) != 0
    assert "not trained by MedSeg" in capsys.readouterr().err
    assert (other.path / "docs/README.md").read_text() == "their words"


def test_models_that_run_as_one_have_no_card_to_keep_figures_in() -> None:
    with pytest.raises(WrongUse, match="several models that run as one"):
        require_own(find_model("sarcoma-unet+sarcoma-yolact"))


def test_a_class_that_is_several_others_hides_no_difference_between_these():
    """Where liver and spleen are taken for each other, the body that is both would agree."""
    geometry = VolumeGeometry.regular((1, 1, 4), np.eye(4))
    image = Volume(np.zeros((1, 1, 4), np.int16), geometry, "x")

    def proposed(liver: int, spleen: int) -> Answer:
        found = [row("Liver", liver, liver + 2, value=2), row("Spleen", spleen, spleen + 2, value=5)]
        union = UnionClass("Abdomen", (1, 2, 3), of=(2, 5))
        card = replace(TINY["unet"], unions={7: union})
        whole = with_unions(card, found)
        assert len(whole) == 3
        return Answer.of(image, Proposal("x", whole, ModelIdentity("m", "1", "")), 1.0)

    assert agreement([proposed(0, 2)], [proposed(0, 2)]).dice == 1.0
    assert agreement([proposed(0, 2)], [proposed(2, 0)]).dice == 0.0


def test_closeness_of_several_models_as_one_is_refused(tmp_path, monkeypatch):
    from medseg_app.app.measure import measure_closeness

    for name in ("mask_rcnn", "yolact"):
        write_tiny_model(tmp_path / name, name, name)
    monkeypatch.setenv("MEDSEG_MODELS", str(tmp_path))
    recipe = ROOT / "resources/recipes/demo-lesions/recipe.toml"
    with pytest.raises(WrongUse, match=r"mask_rcnn\+yolact is several models"):
        measure_closeness(recipe, "mask_rcnn+yolact", "cpu")
