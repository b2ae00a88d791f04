"""nnInteractive answers the prompts that it is shown, in the voxels where they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medseg_app.app.engine_lane import EngineLane
from medseg_app.core.errors import Cancelled, CouldNotBeDone, ModelError
from medseg_app.core.progress import Progress, silent
from medseg_app.core.prompt import Prompt
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.combined_model import combine
from medseg_app.engines.contract import Engine, Request
from medseg_app.engines.predict import build_engine, run_engine
from medseg_app.engines.preview import unwatched
from medseg_app.engines.registry import find_model
from tests.engines.grids import CENTRE, GRIDS, ellipsoid
from tests.engines.tiny_models import write_tiny_model

from .conftest import Fake

GRID = GRIDS["oblique"]
MIDDLE = GRID.nearest_voxel(CENTRE)
assert MIDDLE is not None
INSIDE = Prompt("point", (MIDDLE,))
BESIDE = Prompt("point", ((MIDDLE[0], MIDDLE[1], MIDDLE[2] + 3),), belongs=False)
BOX = Prompt("box", (MIDDLE, (MIDDLE[0], MIDDLE[1] - 4, MIDDLE[2] + 5)))


@pytest.fixture
def volume() -> Volume:
    return Volume((ellipsoid(GRID) * 2000 - 1000).astype(np.int16), GRID, "1.2.3", "CT")


@pytest.fixture
def engine(fake: Fake) -> Engine:
    fake.add_weights()
    return build_engine(find_model("nninteractive"))


def ask(engine: Engine, volume: Volume, *prompts: Prompt, progress: Progress = silent) -> Proposal:
    return run_engine(engine, volume, Request(prompts=prompts), "cpu", progress)


def voxels_of(proposal: Proposal) -> np.ndarray:
    mask = np.zeros(GRID.shape, bool)
    for candidate in proposal.candidates:
        mask[candidate.box.slices] = candidate.mask
    return mask


def test_a_point_marks_the_object_around_it(fake: Fake, engine: Engine, volume: Volume) -> None:
    mask = voxels_of(ask(engine, volume, INSIDE))
    away = np.abs(np.indices(GRID.shape) - np.reshape(MIDDLE, (3, 1, 1, 1))).sum(axis=0)
    np.testing.assert_array_equal(mask, (away <= 4) & (volume.voxels > 0))
    assert fake.told("image")[0][1][:2] == [[1, *GRID.shape], "float32"]
    assert fake.told("image")[0][1][2] == pytest.approx(float(volume.voxels.sum(dtype=np.float64)), rel=1e-3)


def test_what_does_not_belong_is_left_out(engine: Engine, volume: Volume) -> None:
    one, both = voxels_of(ask(engine, volume, INSIDE)), voxels_of(ask(engine, volume, INSIDE, BESIDE))
    assert one[BESIDE.voxels[0]]
    assert not both[BESIDE.voxels[0]]
    assert both[MIDDLE]


def test_one_more_prompt_is_one_more_pass(fake: Fake, engine: Engine, volume: Volume) -> None:
    ask(engine, volume, INSIDE)
    ask(engine, volume, INSIDE, BESIDE)
    assert [what for what, _ in fake.told()] == ["device", "load", "image", "point", "point"]


def test_the_answer_depends_on_the_prompts_alone(fake: Fake, engine: Engine, volume: Volume) -> None:
    ask(engine, volume, INSIDE, BESIDE)
    again = ask(engine, volume, INSIDE)
    fresh = ask(build_engine(find_model("nninteractive")), volume, INSIDE)
    np.testing.assert_array_equal(voxels_of(again), voxels_of(fresh))
    assert len(fake.told("reset")) == 1


def test_other_images_are_shown_anew(fake: Fake, engine: Engine, volume: Volume) -> None:
    ask(engine, volume, INSIDE)
    ask(engine, Volume(volume.voxels.copy(), GRID, volume.id, "CT"), INSIDE)
    assert len(fake.told("image")) == 1, "the worker maps the same images anew for each run"
    ask(engine, Volume(volume.voxels + np.int16(1), GRID, volume.id, "CT"), INSIDE)
    assert len(fake.told("image")) == 2


def test_a_box_holds_both_of_its_corners(fake: Fake, engine: Engine, volume: Volume) -> None:
    ask(engine, volume, BOX)
    k, j, i = MIDDLE
    assert fake.told("box") == [["box", [[[k, k + 1], [j - 4, j + 1], [i, i + 6]], True]]]


def test_a_scribble_is_three_voxels_wide_in_its_slice(fake: Fake, engine: Engine, volume: Volume) -> None:
    k, j, i = MIDDLE
    ask(engine, volume, Prompt("scribble", ((k, j, i), (k, j, i + 1))))
    ask(engine, volume, Prompt("scribble", ((k, j, i), (k, j + 1, i)), belongs=False, axis=2))
    (_, (across, ink, _)), (_, (sagittal, _, belongs)) = fake.told("scribble")
    assert across == [[k, k + 1], [j - 1, j + 2], [i - 1, i + 3]]
    assert np.all(ink)
    assert sagittal == [[k - 1, k + 2], [j - 1, j + 3], [i, i + 1]]
    assert not belongs


def test_a_scribble_at_the_edge_stays_inside_and_leaves_its_corners(
    fake: Fake, engine: Engine, volume: Volume
) -> None:
    ask(engine, volume, Prompt("scribble", ((0, 0, 0), (0, 1, 1), (0, 2, 2))))
    ((_, (bounds, ink, _)),) = fake.told("scribble")
    assert bounds == [[0, 1], [0, 4], [0, 4]]
    assert ink == [[[1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 1]]]


def test_the_proposal_says_what_made_it(engine: Engine, volume: Volume) -> None:
    proposal = ask(engine, volume, INSIDE)
    assert proposal.prompts == (INSIDE,)
    assert proposal.model.sha256 == hashlib.sha256(b"nnInteractive_v1.0").hexdigest()
    assert (proposal.model.version, proposal.device) == ("2.6.0", "cpu")
    assert "CC BY-NC-SA 4.0" in proposal.remarks[0]
    assert "NVIDIA" in proposal.remarks[1]
    assert ask(engine, volume, INSIDE, BESIDE).remarks == ()


def test_an_empty_answer_is_a_proposal_too(engine: Engine, volume: Volume) -> None:
    proposal = ask(engine, volume, Prompt("point", ((0, 0, 0),)))
    assert (proposal.candidates, len(proposal.prompts)) == ((), 1)


@pytest.mark.parametrize("value", [0, 7])
def test_in_images_without_contrast_it_finds_nothing(value: int, engine: Engine, volume: Volume) -> None:
    flat = Volume(np.full_like(volume.voxels, value), GRID, volume.id, "CT")
    assert ask(engine, flat, INSIDE).candidates == ()
    assert ask(engine, flat, BOX, INSIDE).candidates == ()
    assert voxels_of(ask(engine, volume, INSIDE)).any()
    assert ask(engine, flat, INSIDE).candidates == ()


@pytest.mark.parametrize(
    ("device", "precision"), [("cpu", "exact"), ("mps", "exact"), ("cuda:0", "fast"), ("cuda:1", "fast")]
)
def test_it_says_that_it_computes_in_half_precision_on_cuda(
    device: str, precision: str, engine: Engine, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real package does so by autocast, on CUDA only."""
    monkeypatch.setattr("medseg_app.engines.adapters.nninteractive.choose_device", lambda wanted: device)
    request = Request(precision="exact", prompts=(INSIDE,))
    proposal = engine.open(volume, device).propose(request, silent, unwatched)
    assert (proposal.device, proposal.precision) == (device, precision)


def test_without_prompts_it_says_where_to_give_them(engine: Engine, volume: Volume) -> None:
    with pytest.raises(ModelError, match="nothing was shown") as caught:
        ask(engine, volume)
    assert "tool Prompt" in caught.value.hint


def test_cancel_between_prompts_keeps_count(fake: Fake, engine: Engine, volume: Volume) -> None:
    def stop(fraction: float, message: str = "") -> None:
        if message == "Prompt 2 of 2":
            raise Cancelled

    with pytest.raises(Cancelled):
        ask(engine, volume, INSIDE, BESIDE, progress=stop)
    ask(engine, volume, INSIDE, BESIDE)
    assert len(fake.told("load")) == 1
    assert len(fake.told("point")) == 2


def test_after_an_error_it_begins_anew(
    fake: Fake, engine: Engine, volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as failing:
        failing.setenv("FAKE_FAILS", "1")
        with pytest.raises(RuntimeError, match="CUDA error"):
            ask(engine, volume, INSIDE)
    assert voxels_of(ask(engine, volume, INSIDE)).any()
    assert len(fake.told("load")) == 2


def test_without_weights_the_command_is_named(fake: Fake, volume: Volume) -> None:
    model = find_model("nninteractive")
    assert "nninteractive-download-model" in model.card.summary
    with pytest.raises(ModelError, match="weights of nnInteractive are not in") as caught:
        run_engine(build_engine(model), volume, Request(prompts=(INSIDE,)), "cpu", silent)
    assert "not for commercial use" in caught.value.hint


def test_without_the_package_its_name_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medseg_app.engines.nninteractive.models._is_installed", lambda module: False)
    with pytest.raises(ModelError, match="nnInteractive is not installed") as caught:
        find_model("nninteractive")
    assert 'pip install "medseg[nninteractive]"' in caught.value.hint


def test_a_server_needs_no_weights_here(fake: Fake, volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSEG_NNINTERACTIVE_SERVER", "http://reading-room")
    engine = build_engine(find_model("nninteractive"))
    proposal = ask(engine, volume, INSIDE)
    assert (proposal.device, proposal.precision, proposal.model.sha256) == ("server", "fast", "")
    assert fake.told("device", "load") == [["device", "http://reading-room"]]
    assert voxels_of(proposal)[MIDDLE]


def test_a_server_that_does_not_answer(fake: Fake, volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSEG_NNINTERACTIVE_SERVER", "http://reading-room")
    monkeypatch.setenv("FAKE_FAILS", "1")
    with pytest.raises(CouldNotBeDone, match=r"reading-room .* Connection refused"):
        ask(build_engine(find_model("nninteractive")), volume, INSIDE)


def test_it_is_no_part_of_a_combined_model(engine: Engine, tmp_path: Path) -> None:
    other = write_tiny_model(tmp_path / "tiny", "mask_rcnn")
    shown = replace(other, card=engine.card)
    with pytest.raises(ModelError, match="cannot be combined"):
        combine((shown, other))


@pytest.fixture
def lane(engine: Engine, tmp_path: Path) -> Iterator[EngineLane]:
    lane = EngineLane(tmp_path / "cache")
    yield lane
    lane.close()


def test_the_engine_worker_keeps_the_network(fake: Fake, lane: EngineLane, volume: Volume) -> None:
    model = find_model("nninteractive")
    lane.propose(model, volume, Request(prompts=(INSIDE,)), "cpu")
    proposal = lane.propose(model, volume, Request(prompts=(INSIDE, BESIDE)), "cpu")
    assert proposal.prompts == (INSIDE, BESIDE)
    assert [what for what, _ in fake.told()] == ["device", "load", "image", "point", "point"]
