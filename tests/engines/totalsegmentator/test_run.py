"""A run of TotalSegmentator: the right voxels, true progress, an end at any moment, and no traces."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
import SimpleITK

from medseg_app.app.engine_lane import EngineLane
from medseg_app.core.box import Box
from medseg_app.core.errors import Cancelled, EngineError, GeometryError, ModelError, OutOfMemory
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.proposal import Proposal
from medseg_app.core.volume import Volume
from medseg_app.engines.contract import Request
from medseg_app.engines.predict import predict
from medseg_app.engines.registry import find_model
from tests.engines.grids import CENTRE, GRIDS, RADII, ellipsoid

from .conftest import Fake

FAST = "totalsegmentator-total-fast"
WHERE = {"centre": CENTRE.tolist(), "radii": RADII.tolist()}
GRIDS_AT_RIGHT_ANGLES = [
    "axial",
    "anisotropic",
    "oblique",
    "reversed slices",
    "left-handed",
    "sagittal",
    "coronal",
]


def volume_on(name: str, modality: str = "CT") -> Volume:
    geometry = GRIDS[name]
    return Volume((ellipsoid(geometry) * 2000 - 1000).astype(np.int16), geometry, "1.2.3", modality)


def whole_mask(proposal: Proposal, geometry: VolumeGeometry) -> np.ndarray:
    (candidate,) = proposal.candidates
    mask = np.zeros(geometry.shape, bool)
    mask[candidate.box.slices] = candidate.mask
    return mask


def places_by_itk(geometry: VolumeGeometry) -> np.ndarray:
    """Patient position of every voxel (k, j, i, 3), by SimpleITK's arithmetic."""
    image = SimpleITK.Image([1, 1, 1], SimpleITK.sitkUInt8)
    image.SetOrigin(geometry.origins[0].tolist())
    image.SetSpacing(geometry.spacing_kji[::-1])
    image.SetDirection(geometry.direction_kji[:, ::-1].ravel().tolist())
    index = np.stack(np.indices(geometry.shape), axis=-1).reshape(-1, 3)[:, ::-1]
    places = [image.TransformContinuousIndexToPhysicalPoint(one) for one in index.astype(float).tolist()]
    return np.array(places).reshape(*geometry.shape, 3)


@pytest.mark.parametrize("name", GRIDS_AT_RIGHT_ANGLES)
def test_every_voxel_lies_where_totalsegmentator_saw_it(name: str, fake: Fake) -> None:
    fake.add_weights(297)
    fake.plan(**WHERE)
    volume = volume_on(name)
    proposal = predict(volume, find_model(FAST), device="cpu")
    distance = np.linalg.norm((places_by_itk(volume.geometry) - CENTRE) / RADII, axis=-1)
    mask = whole_mask(proposal, volume.geometry)
    clear = np.abs(distance - 1) > 1e-4  # NIfTI keeps its matrix in single precision
    np.testing.assert_array_equal(mask[clear], distance[clear] < 1)
    affine = np.array(fake.told["affine"])
    corner = (np.array(volume.geometry.shape) - 1) / [1, 2, 3]
    lps = affine @ [*corner[::-1], 1] * [-1, -1, 1, 1]
    np.testing.assert_allclose(lps[:3], volume.geometry.to_patient(corner), atol=1e-9)


def test_a_tilted_grid_is_straightened_for_it_and_comes_back_by_index(fake: Fake) -> None:
    fake.add_weights(297)
    fake.plan(by_value=True)
    volume = volume_on("sheared")
    proposal = predict(volume, find_model(FAST), device="cpu")
    np.testing.assert_array_equal(whole_mask(proposal, volume.geometry), volume.voxels > 0)
    assert "straightened" in proposal.remarks[0]
    axes = np.array(fake.told["affine"])[:3, :3]
    np.testing.assert_allclose(
        axes.T @ axes, np.diag(np.square(volume.geometry.spacing_kji[::-1])), atol=1e-9
    )


def test_the_proposal_says_what_made_it(fake: Fake) -> None:
    fake.add_weights(297)
    fake.plan(**WHERE)
    model = find_model(FAST)
    proposal = predict(volume_on("coarse"), model, device="cpu", precision="fast")
    (candidate,) = proposal.candidates
    assert (candidate.name, candidate.class_value, candidate.score) == ("Liver", 5, None)
    assert (candidate.type, candidate.colour) == (model.card.labels[5].type, model.card.labels[5].colour)
    assert (proposal.model.name, proposal.model.version) == (FAST, "2.18.0")
    assert len(proposal.model.sha256) == 64
    assert (proposal.device, proposal.precision, proposal.volume_id) == ("cpu", "exact", "1.2.3")
    told = fake.told
    assert (told["task"], told["fast"], told["device"], told["ml"]) == ("total", True, "cpu", True)
    assert (told["output"], told["dtype"], told["range"]) == (None, "int16", [-1000.0, 1000.0])


def test_totalsegmentator_reports_no_run_and_leaves_nothing(fake: Fake) -> None:
    fake.add_weights(297)
    fake.plan(**WHERE)
    predict(volume_on("coarse"), find_model(FAST), device="cpu")
    told = fake.told
    assert told["settings"]["send_usage_stats"] is False
    assert told["weights"] == str(fake.weights)
    assert Path(told["home"]).is_relative_to(told["temporary"])
    assert not Path(told["temporary"]).exists()


def test_mr_with_few_values_keeps_its_contrast(fake: Fake) -> None:
    fake.add_weights(852)
    fake.plan(**WHERE)
    geometry = GRIDS["coarse"]
    volume = Volume(ellipsoid(geometry), geometry, "a.nii")
    predict(volume, find_model("totalsegmentator-total_mr-fast"), device="cpu")
    assert fake.told["range"] == pytest.approx([0, 4095])


def test_progress_follows_what_it_prints(fake: Fake) -> None:
    fake.add_weights(297)
    fake.plan(seconds=0.25, **WHERE)
    reports: list[tuple[float, str]] = []
    predict(
        volume_on("coarse"), find_model(FAST), device="cpu",
        progress=lambda fraction, message="": reports.append((fraction, message)),
    )  # fmt: skip
    fractions = [fraction for fraction, _ in reports]
    assert fractions[0] == 0
    assert fractions[-1] == 1
    assert all(a <= b for a, b in pairwise(fractions))
    assert {"Part 1 of 2", "Part 2 of 2"} <= {message for _, message in reports}
    assert len({round(fraction, 3) for fraction in fractions}) >= 5


def test_cancel_ends_its_process_at_once(fake: Fake) -> None:
    fake.add_weights(297)
    fake.plan(seconds=60, **WHERE)
    stopped: list[float] = []

    def stop(fraction: float, message: str = "") -> None:
        if message.startswith("Part"):
            stopped.append(time.monotonic())
            raise Cancelled

    with pytest.raises(Cancelled):
        predict(volume_on("coarse"), find_model(FAST), device="cpu", progress=stop)
    assert time.monotonic() - stopped[0] < 3
    assert not psutil.pid_exists(fake.told["pid"])


@pytest.mark.parametrize(
    ("end", "error", "words"),
    [
        ("raise", EngineError, "ValueError: weights of the wrong kind"),
        ("exit", EngineError, "not openly available"),
        ("memory", OutOfMemory, "out of memory"),
        ("killed", OutOfMemory, "ended with -9"),
        ("elsewhere", EngineError, "another grid"),
    ],
)
def test_whatever_happens_in_it_is_told(end: str, error: type[Exception], words: str, fake: Fake) -> None:
    fake.add_weights(297)
    fake.plan(end=end, **WHERE)
    with pytest.raises(error) as caught:
        predict(volume_on("coarse"), find_model(FAST), device="cpu")
    assert words in str(caught.value)


def test_without_weights_it_is_not_even_started(fake: Fake) -> None:
    fake.plan(**WHERE)
    with pytest.raises(ModelError, match="totalseg_download_weights -t total_fast"):
        predict(volume_on("coarse"), find_model(FAST), device="cpu")
    assert not fake.was_called


def test_grids_that_it_cannot_see_are_refused(fake: Fake) -> None:
    fake.add_weights(297)
    with pytest.raises(GeometryError, match="single slice"):
        predict(volume_on("single slice"), find_model(FAST), device="cpu")
    volume = volume_on("axial")
    origins = volume.geometry.origins.copy()
    origins[-1] += 3 * volume.geometry.k_step
    uneven = VolumeGeometry.from_slices(
        volume.geometry.shape, volume.geometry.i_step, volume.geometry.j_step, origins
    )
    with pytest.raises(GeometryError, match="not evenly spaced"):
        predict(Volume(volume.voxels, uneven, "1", "CT"), find_model(FAST), device="cpu")


@pytest.fixture
def lane(fake: Fake, tmp_path: Path) -> Iterator[EngineLane]:
    lane = EngineLane(tmp_path / "cache")
    yield lane
    lane.close()


def test_the_engine_worker_runs_and_stops_it(fake: Fake, lane: EngineLane) -> None:
    """The worker is a daemon, which may not start processes of multiprocessing."""
    fake.add_weights(297)
    fake.plan(**WHERE)
    volume, model = volume_on("oblique"), find_model(FAST)
    proposal = lane.propose(model, volume, Request(), "cpu")
    (candidate,) = proposal.candidates
    assert Box.around(candidate.mask) == Box.whole(candidate.box.shape)
    assert np.count_nonzero(candidate.mask) == np.count_nonzero(ellipsoid(volume.geometry) > 0.5)


def runs(pid: int) -> bool:
    """In a container nobody may take note of the end of an orphan, which is a zombie from then on."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_end_of_the_worker_is_the_end_of_totalsegmentator(fake: Fake, lane: EngineLane) -> None:
    fake.add_weights(297)
    fake.plan(seconds=60, **WHERE)

    def kill(fraction: float, message: str = "") -> None:
        if message.startswith("Part") and lane.worker_id is not None:
            psutil.Process(lane.worker_id).kill()

    with pytest.raises(EngineError, match="stopped in mid-run"):
        lane.propose(find_model(FAST), volume_on("coarse"), Request(), "cpu", kill)
    until = time.monotonic() + 5
    while runs(fake.told["pid"]) and time.monotonic() < until:
        time.sleep(0.05)
    assert not runs(fake.told["pid"])
    assert not Path(fake.told["temporary"]).exists()
    for left in (fake.home / "cache" / "exchange").iterdir():
        left.rename(fake.home / left.name)  # a window that starts later removes it
