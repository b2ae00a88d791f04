"""What a run took is measured, remembered and told before the next one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from medseg_app.app.folders import Folders
from medseg_app.app.run_costs import RunCosts, in_words
from medseg_app.core.proposal import Cost, ModelIdentity, Proposal
from medseg_app.engines.run_cost import LINUX_PEAK, with_cost
from tests.engines.tiny_models import write_tiny_model

RUN = Proposal("1", (), ModelIdentity("m", "1", ""), cost=Cost(10.0, 800.0))


@pytest.fixture
def costs(tmp_path: Path) -> RunCosts:
    return RunCosts(tmp_path / "cache")


def test_nothing_is_expected_of_a_model_that_never_ran(costs):
    assert costs.expected("m", "cpu", "exact", 1_000_000) is None


def test_time_grows_with_the_image_and_memory_never_shrinks(costs):
    costs.learn(RUN, 2_000_000)
    assert costs.expected("m", "cpu", "exact", 4_000_000) == Cost(20.0, 1600.0)
    assert costs.expected("m", "cpu", "exact", 1_000_000) == Cost(5.0, 800.0)


def test_devices_and_precisions_are_told_apart(costs):
    costs.learn(replace(RUN, device="cuda:1"), 1_000_000)
    assert costs.expected("m", "cuda:0", "exact", 1_000_000) is not None
    assert costs.expected("m", "cpu", "exact", 1_000_000) is None
    assert costs.expected("m", "cuda:0", "fast", 1_000_000) is None


def test_the_newest_run_counts_half(costs):
    costs.learn(RUN, 1_000_000)
    costs.learn(replace(RUN, cost=Cost(20.0, 100.0)), 1_000_000)
    assert costs.expected("m", "cpu", "exact", 1_000_000) == Cost(15.0, 800.0)


def test_a_single_slice_tells_nothing_of_a_volume(costs):
    """Most of its time goes into starting; a volume tells all the same after it."""
    slice_ = replace(RUN, cost=Cost(4.0, 700.0))
    costs.learn(slice_, 20_000)
    costs.learn(RUN, 2_000_000)
    assert costs.expected("m", "cpu", "exact", 2_000_000).seconds == 10.0
    costs.learn(slice_, 20_000)
    assert costs.expected("m", "cpu", "exact", 2_000_000).seconds == 10.0


def test_a_damaged_file_says_nothing(costs, tmp_path):
    costs.learn(RUN, 1_000_000)
    (tmp_path / "cache/run-costs.json").write_text('{"m cpu exact": 3}')
    assert costs.expected("m", "cpu", "exact", 1) is None


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (Cost(3.0, 4.0), "about 5 s and 10 MB of memory"),
        (Cost(41.0, 1240.0), "about 40 s and 1.2 GB of memory"),
        (Cost(200.0, 949.0), "about 3 min and 949 MB of memory"),
    ],
)
def test_words_are_rounded_to_what_they_are_worth(cost, words):
    assert in_words(cost) == words


def test_time_and_memory_are_those_of_the_run():
    kept = []

    def run() -> Proposal:
        kept.append(np.ones(400_000_000 // 8))
        return RUN

    cost = with_cost(run).cost
    assert cost is not None
    assert cost.memory_mb > 350
    assert 0 < cost.seconds < 60


@pytest.mark.skipif(not LINUX_PEAK.exists(), reason="only Linux forgets a peak")
def test_an_earlier_run_that_took_more_is_not_counted():
    cost = with_cost(lambda: (np.ones(400_000_000 // 8), RUN)[1]).cost
    small = with_cost(lambda: RUN).cost
    assert cost is not None
    assert small is not None
    assert small.memory_mb < cost.memory_mb / 4


def test_the_command_line_tells_it_before_the_second_run(tmp_path, capsys):
    from medseg_app.cli.main import main

    write_tiny_model(tmp_path / "tiny", "unet")
    image = np.random.default_rng(0).integers(-900, 500, (40, 40, 20)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(image, np.eye(4)), tmp_path / "image.nii.gz")
    words = ["predict", tmp_path / "image.nii.gz", "--model", "tiny-organs", "--models", tmp_path]
    told = []
    for number in range(2):
        assert main([*map(str, words), "-o", str(tmp_path / f"{number}.nii.gz"), "--device", "cpu"]) == 0
        told.append(capsys.readouterr().err)
        if number == 0:
            learnt = RunCosts(Folders.of_user().cache).expected("tiny-organs", "cpu", "exact", image.size)
    assert "takes about" not in told[0]
    before, _, _ = told[1].partition("tile 1")
    assert f"note: tiny-organs takes {in_words(learnt)} here." in before
