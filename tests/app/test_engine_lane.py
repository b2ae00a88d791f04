"""The engine worker: results come back whole, and no crash, kill or cancel harms the window."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from medseg_app.app.engine_lane import EngineLane
from medseg_app.core.errors import Cancelled, CouldNotBeDone, EngineError, ModalityError, OutOfMemory
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.progress import silent
from medseg_app.core.volume import Volume
from medseg_app.engines import worker
from medseg_app.engines.contract import Request
from medseg_app.engines.exchange import ExchangeFolder
from medseg_app.engines.predict import predict
from medseg_app.engines.preview import unwatched
from medseg_app.engines.warm_up import middle_of
from tests.engines.grids import GRIDS
from tests.engines.plugin_engine import install, plugin_volume, write_plugin_model
from tests.engines.tiny_models import write_tiny_model

ROOT = Path(__file__).resolve().parents[2]
dev_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
posix_only = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture
def lane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineLane]:
    install(tmp_path / "plugin", monkeypatch)
    lane = EngineLane(tmp_path / "cache")
    yield lane
    lane.close()
    assert not list((tmp_path / "cache" / "exchange").iterdir())


class Watch:
    """A progress that notes reports, and can stop the run after a time or once it moves."""

    def __init__(self, stop_at: float = 2.0) -> None:
        self.fractions: list[float] = []
        self.times: list[float] = []
        self.stopped = 0.0
        self._stop_at = stop_at

    def __call__(self, fraction: float, message: str = "") -> None:
        self.fractions.append(fraction)
        self.times.append(time.monotonic())
        if fraction >= self._stop_at:
            self.stopped = time.monotonic()
            raise Cancelled


def test_the_worker_proposes_the_same_as_this_process(lane: EngineLane, tmp_path: Path) -> None:
    model, volume = write_plugin_model(tmp_path / "bright", steps=3), plugin_volume()
    mine = predict(volume, model)
    for _ in range(2):
        theirs = lane.propose(model, volume, Request("fast", revision=7))
        assert (theirs.volume_id, theirs.model, theirs.revision) == (mine.volume_id, mine.model, 7)
        assert theirs.precision == "fast"
        assert [c.box for c in theirs.candidates] == [c.box for c in mine.candidates]
        np.testing.assert_array_equal(theirs.candidates[0].mask, mine.candidates[0].mask)


def test_what_was_found_so_far_arrives_before_the_end(lane: EngineLane, tmp_path: Path) -> None:
    model, volume, shown = write_plugin_model(tmp_path / "m", steps=4, seconds=0.3), plugin_volume(), []
    proposal = lane.propose(model, volume, Request(), show=shown.append)
    (final,) = proposal.candidates
    assert 1 <= len(shown) <= 3, "not after every step"
    for (seen,) in shown:
        assert (seen.score, seen.box) == (0.25, final.box)
        np.testing.assert_array_equal(seen.mask, final.mask)


def test_reports_rise_and_come_at_most_ten_times_a_second(lane: EngineLane, tmp_path: Path) -> None:
    watch = Watch()
    lane.propose(
        write_plugin_model(tmp_path / "m", steps=60, seconds=0.01), plugin_volume(), Request(), "cpu", watch
    )
    assert watch.fractions == sorted(watch.fractions)
    moved = [t for t, f in zip(watch.times, watch.fractions, strict=True) if f > 0]
    assert 3 < len(moved) <= 10 * (moved[-1] - moved[0]) + 2


def wait_for(something: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not something():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_warm_worker_has_run_the_middle_of_the_volume(lane: EngineLane, tmp_path: Path) -> None:
    diary, volume = tmp_path / "diary", plugin_volume()
    model = write_plugin_model(tmp_path / "m", diary=str(diary))
    lane.warm_up(model, volume, Request())
    wait_for(diary.exists)
    warm = lane.worker_id
    assert lane.propose(model, volume, Request()).candidates
    assert lane.worker_id == warm
    piece = middle_of(volume)
    assert diary.read_text().splitlines() == [
        f"{part.voxels.shape} {part.geometry.to_patient((0, 0, 0)).tolist()}" for part in (piece, volume)
    ]


def test_a_run_does_not_wait_for_a_warm_up(lane: EngineLane, tmp_path: Path) -> None:
    diary, volume = tmp_path / "diary", plugin_volume()
    slow = write_plugin_model(tmp_path / "slow", steps=3000, seconds=0.1, diary=str(diary))
    lane.warm_up(slow, volume, Request())
    wait_for(diary.exists)
    start = time.monotonic()
    assert lane.propose(write_plugin_model(tmp_path / "m"), volume, Request()).candidates
    assert time.monotonic() - start < 30, "the warm-up takes 300 s"


@pytest.mark.parametrize("end", ["raise", "crash"])
def test_a_warm_up_that_fails_is_not_told_and_harms_no_run(
    lane: EngineLane, tmp_path: Path, end: str
) -> None:
    diary, volume = tmp_path / "diary", plugin_volume()
    lane.warm_up(write_plugin_model(tmp_path / "bad", end=end, diary=str(diary)), volume, Request())
    wait_for(diary.exists)
    if end == "crash":
        wait_for(lambda: lane.worker_id is None)
    assert lane.propose(write_plugin_model(tmp_path / "m"), volume, Request()).candidates


def test_a_worker_at_work_is_not_asked_to_warm_up(lane: EngineLane, tmp_path: Path) -> None:
    diary, volume = tmp_path / "diary", plugin_volume()
    other = write_plugin_model(tmp_path / "other", diary=str(diary))

    def ask(fraction: float, message: str = "") -> None:
        lane.warm_up(other, volume, Request())

    lane.propose(write_plugin_model(tmp_path / "m", steps=3, seconds=0.1), volume, Request(), "cpu", ask)
    lane.propose(write_plugin_model(tmp_path / "next"), volume, Request())
    assert not diary.exists()


def test_the_middle_of_a_large_volume_is_small_and_at_its_place() -> None:
    shape = (40, 300, 90)
    affine = GRIDS["oblique"].affine
    volume = Volume(np.arange(np.prod(shape)).reshape(shape), VolumeGeometry.regular(shape, affine), "1")
    piece = middle_of(volume)
    assert piece.voxels.shape == (16, 128, 90)
    np.testing.assert_array_equal(piece.voxels, volume.voxels[12:28, 86:214])
    np.testing.assert_allclose(
        piece.geometry.to_patient((0, 0, 0)), volume.geometry.to_patient((12, 86, 0)), atol=1e-9
    )


@posix_only
def test_a_cache_that_was_cleaned_away_between_two_runs_is_made_again(
    lane: EngineLane, tmp_path: Path
) -> None:
    model, volume = write_plugin_model(tmp_path / "m"), plugin_volume()
    assert lane.propose(model, volume, Request()).candidates
    shutil.rmtree(tmp_path / "cache")
    assert lane.propose(model, volume, Request()).candidates


@posix_only
def test_a_killed_worker_is_an_error_and_the_next_run_works(lane: EngineLane, tmp_path: Path) -> None:
    model, volume = write_plugin_model(tmp_path / "slow", steps=1000, seconds=0.02), plugin_volume()

    def kill_once(fraction: float, message: str = "") -> None:
        if fraction > 0 and lane.worker_id:
            os.kill(lane.worker_id, signal.SIGKILL)

    with pytest.raises(EngineError, match="slow stopped in mid-run") as caught:
        lane.propose(model, volume, Request(), "cpu", kill_once)
    assert "memory" in caught.value.hint
    assert lane.worker_id is None
    assert lane.propose(write_plugin_model(tmp_path / "m"), volume, Request()).candidates


@pytest.mark.parametrize(
    ("end", "error", "words"),
    [
        ("raise", EngineError, "weights of the wrong kind"),
        ("crash", EngineError, "stopped in mid-run"),
        ("memory", OutOfMemory, "ran out of memory"),
    ],
)
def test_whatever_a_model_does_the_window_gets_a_clear_error(
    lane: EngineLane, tmp_path: Path, end: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        lane.propose(write_plugin_model(tmp_path / "bad", end=end), plugin_volume(), Request())
    assert lane.propose(write_plugin_model(tmp_path / "good"), plugin_volume(), Request()).candidates


def test_another_modality_is_refused_across_the_pipe(lane: EngineLane, tmp_path: Path) -> None:
    with pytest.raises(ModalityError, match="are MR"):
        lane.propose(write_plugin_model(tmp_path / "m"), plugin_volume(modality="MR"), Request())


def test_cancel_at_a_tile_keeps_the_worker(lane: EngineLane, tmp_path: Path) -> None:
    watch = Watch(stop_at=0.01)
    model = write_plugin_model(tmp_path / "m", steps=50, seconds=0.05)
    with pytest.raises(Cancelled):
        lane.propose(model, plugin_volume(), Request(), "cpu", watch)
    assert time.monotonic() - watch.stopped < 1.0
    process = lane.worker_id
    assert process is not None
    assert lane.propose(write_plugin_model(tmp_path / "n"), plugin_volume(), Request()).candidates
    assert lane.worker_id == process


def test_cancel_frees_the_user_within_a_second_from_a_tile_that_takes_long(
    lane: EngineLane, tmp_path: Path
) -> None:
    watch = Watch(stop_at=0.4)
    model = write_plugin_model(tmp_path / "m", steps=2, seconds=0.5)
    long = write_plugin_model(tmp_path / "long", steps=1, seconds=60)
    lane.propose(model, plugin_volume(), Request())
    started = time.monotonic()

    def stop_soon(fraction: float, message: str = "") -> None:
        if time.monotonic() - started > 0.5:
            watch(1.0)

    with pytest.raises(Cancelled):
        lane.propose(long, plugin_volume(), Request(), "cpu", stop_soon)
    assert time.monotonic() - watch.stopped < 1.0
    assert lane.worker_id is None  # else the next run waits for the end of this one
    assert lane.propose(write_plugin_model(tmp_path / "n"), plugin_volume(), Request()).candidates


def test_a_second_run_waits_for_the_first_and_can_be_cancelled_meanwhile(
    lane: EngineLane, tmp_path: Path
) -> None:
    model = write_plugin_model(tmp_path / "m", steps=20, seconds=0.1)
    results: list[object] = []
    first = threading.Thread(
        target=lambda: results.append(lane.propose(model, plugin_volume(), Request(), "cpu", silent))
    )
    first.start()
    while lane.worker_id is None:
        time.sleep(0.01)
    with pytest.raises(Cancelled):
        lane.propose(model, plugin_volume(), Request(), "cpu", Watch(stop_at=0.0))
    first.join()
    assert len(results) == 1


def test_files_are_private_and_those_of_dead_windows_are_removed(lane: EngineLane, tmp_path: Path) -> None:
    old = tmp_path / "cache" / "exchange" / "999999999-abc"
    old.mkdir(parents=True)
    (old / "1.bin").write_bytes(b"voxels")
    lane.propose(write_plugin_model(tmp_path / "m"), plugin_volume(), Request())
    (folder,) = (tmp_path / "cache" / "exchange").iterdir()
    assert folder != old
    files = list(folder.iterdir())
    assert len(files) == 1
    if os.name != "nt":
        assert folder.stat().st_mode & 0o777 == 0o700
        assert files[0].stat().st_mode & 0o777 == 0o600


@dev_full
def test_a_full_disk_is_said_and_leaves_nothing(
    lane: EngineLane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, volume = write_plugin_model(tmp_path / "m"), plugin_volume()
    real_open = Path.open

    def full(path: Path, mode: str = "r", *more: object) -> object:
        return real_open(Path("/dev/full") if mode == "wb" else path, mode, *more)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(CouldNotBeDone, match="No space left"):
            lane.propose(model, volume, Request())
    (folder,) = (tmp_path / "cache" / "exchange").iterdir()
    assert not list(folder.iterdir())
    assert lane.propose(model, volume, Request()).candidates


@dev_full
def test_a_full_disk_in_the_worker_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "plugin", monkeypatch)
    folder = ExchangeFolder(tmp_path)
    ticket = folder.put_volume(plugin_volume())
    model = write_plugin_model(tmp_path / "m")
    order = worker.Order(1, model, ticket, Request(), "cpu", Path("/dev/full"))
    error = worker._run(order, worker._Engines(), silent, unwatched)  # type: ignore[arg-type]
    assert isinstance(error, CouldNotBeDone)
    assert "No space left" in error.message


WINDOW = """
import os, sys, time
from pathlib import Path
from medseg_app.app.engine_lane import EngineLane
from medseg_app.engines import worker
from medseg_app.engines.contract import Request
from medseg_app.engines.exchange import ExchangeFolder
from medseg_app.engines.model_folder import read_model_folder
from tests.engines.plugin_engine import plugin_volume
from tests.engines.tiny_models import write_tiny_model

lane = EngineLane(Path(sys.argv[1]))
told = []

def tell(fraction, message=""):
    if fraction > 0 and not told:
        heavy = sorted({"torch", "monai", "torchvision", "safetensors"} & set(sys.modules))
        bystander = os.fork() if sys.argv[3] == "bystander" else 0
        if sys.argv[3] == "bystander" and not bystander:
            time.sleep(60)
            os._exit(0)
        told.append(print(lane.worker_id, bystander, heavy, flush=True))

lane.propose(read_model_folder(Path(sys.argv[2])), plugin_volume(), Request(), "cpu", tell)
"""


@posix_only
@pytest.mark.parametrize("company", ["alone", "bystander"])
def test_a_killed_window_leaves_no_orphan_and_never_had_torch(
    lane: EngineLane, tmp_path: Path, company: str
) -> None:
    """A bystander is another child of the window that holds a copy of its end of the pipe."""
    model = write_plugin_model(tmp_path / "m", steps=1000, seconds=0.05)
    window = subprocess.Popen(
        [sys.executable, "-c", WINDOW, str(tmp_path / "cache"), str(model.path), company],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "plugin"), str(ROOT)])},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert window.stdout is not None
    number, bystander, heavy = window.stdout.readline().split(maxsplit=2)
    assert heavy.strip() == "[]"
    window.kill()
    window.wait()
    window.stdout.close()
    deadline = time.monotonic() + 5
    while _lives(int(number)) and time.monotonic() < deadline:
        time.sleep(0.05)
    orphan = _lives(int(number))
    if int(bystander):
        os.kill(int(bystander), signal.SIGKILL)
    assert not orphan
    quick = write_plugin_model(tmp_path / "quick")
    assert lane.propose(quick, plugin_volume(), Request()).candidates  # and the next window tidies up


def _lives(number: int) -> bool:
    """Whether a process runs; one that ended and waits to be collected does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False


def test_a_torch_network_gives_the_same_voxels_in_the_worker(
    lane: EngineLane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    # The network that a process imports soonest.
    model, volume = write_tiny_model(tmp_path / "tiny", "unet of 2015"), plugin_volume("coarse")
    mine = predict(volume, model, device="cpu")
    theirs = lane.propose(model, volume, Request(), "cpu")
    assert mine.candidates
    assert [(c.box, c.score) for c in theirs.candidates] == [(c.box, c.score) for c in mine.candidates]
    for one, other in zip(theirs.candidates, mine.candidates, strict=True):
        np.testing.assert_array_equal(one.mask, other.mask)
