"""What every test gets: its own folders, a screen when it asks for Qt, and a look at what it left behind."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from installer.virtual_display import has_display, is_available, virtual_display
from medseg_app.engines.user_folders import user_folder
from tests.data_folder import missing
from tests.engines.foreign.uncontained import jobs_done_here
from tests.every_engine import copy_slices, import_every_kind

USER_FOLDERS = {
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "state",
}
SECONDS_TO_END = 5.0

# Started in the background of a script, this program and every one it starts would be deaf to Ctrl+C.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared_cache(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all processes of a run: of what takes seconds to make and is known by its checksum."""
    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if hasattr(request.config, "workerinput") else base) / "shared_cache"
    for folder in ("openvino", "matplotlib"):
        (cache / folder).mkdir(parents=True, exist_ok=True)
    return cache


@pytest.fixture(scope="session", autouse=True)
def users(tmp_path_factory: pytest.TempPathFactory, shared_cache: Path) -> Iterator[Path]:
    """Where each test gets folders of a user; what is made for several tests has a user of its own too."""
    folder = tmp_path_factory.mktemp("users")
    with pytest.MonkeyPatch.context() as patch:
        _move_user(patch, folder / "of_several_tests", shared_cache)
        yield folder


@pytest.fixture(autouse=True)
def fresh_user_folders(users: Path, monkeypatch: pytest.MonkeyPatch, shared_cache: Path) -> Path:
    """Settings, journals and caches of one test are never seen by another, nor are the developer's own.

    Networks that OpenVINO converted are shared: MedSeg finds them by the checksum of their weights.
    """
    home = Path(tempfile.mkdtemp(dir=users))
    _move_user(monkeypatch, home, shared_cache)
    return home


def _move_user(patch: pytest.MonkeyPatch, home: Path, shared_cache: Path) -> None:
    for variable, folder in USER_FOLDERS.items():
        patch.setenv(variable, str(home / folder))
    for developers_own in ("MEDSEG_HOME", "MEDSEG_MODELS"):
        patch.delenv(developers_own, raising=False)
    if not sys.platform.startswith("linux"):
        patch.setenv("MEDSEG_HOME", str(home))  # Windows and macOS ask no XDG variable
    patch.setenv("NAPARI_CONFIG", str(home / "napari.yaml"))
    patch.setenv("MPLCONFIGDIR", str(shared_cache / "matplotlib"))  # a second for its list of fonts
    with suppress(OSError):  # Windows may refuse links: then each test converts its own
        user_folder("cache").mkdir(parents=True)
        (user_folder("cache") / "openvino").symlink_to(shared_cache / "openvino")


@pytest.fixture
def nothing_converted(fresh_user_folders: Path) -> None:
    """A cache of the test's own: for those that put another network behind the checksum of a model."""
    (user_folder("cache") / "openvino").unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """A thread or process that outlives its test is a fault of the code under test."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + SECONDS_TO_END
    while (left := _still_running(before)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not left, f"left running: {left}"


def _still_running(before: set[threading.Thread]) -> list[str]:
    threads = [thread.name for thread in threading.enumerate() if thread not in before and not thread.daemon]
    return threads + [process.name for process in multiprocessing.active_children()]


@pytest.fixture(scope="session")
def real_ct(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few slices of a real CT, as DICOM files."""
    return copy_slices(tmp_path_factory.mktemp("real_ct"))


@pytest.fixture(scope="session")
def every_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model imported from every foreign format."""
    models = tmp_path_factory.mktemp("every_model")
    with pytest.MonkeyPatch.context() as patch, jobs_done_here(patch):
        import_every_kind(models, tmp_path_factory.mktemp("foreign"))
    return models


@pytest.fixture
def uncontained(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Foreign files are read without a child process; only for files that do no harm."""
    with jobs_done_here(monkeypatch):
        yield


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A screen: the one that is there, else Xvfb for as long as the session lasts."""
    if has_display():
        yield os.environ.get("DISPLAY", "")
    elif is_available():
        with virtual_display() as number:
            yield number
            _forget_windows()
    else:
        missing("a display, or Xvfb")


def _forget_windows() -> None:
    """Qt would draw on what a test left of its windows when Python ends, and find no screen: it crashes."""
    widgets, core = sys.modules.get("PySide6.QtWidgets"), sys.modules.get("PySide6.QtCore")
    if widgets is None or core is None or widgets.QApplication.instance() is None:
        return
    for window in widgets.QApplication.topLevelWidgets():
        window.close()
        window.deleteLater()
    core.QCoreApplication.sendPostedEvents(None, core.QEvent.Type.DeferredDelete.value)
    core.QCoreApplication.processEvents()


@pytest.fixture(scope="session")
def qapp_args(display: str) -> list[str]:
    """pytest-qt asks for these before it makes the QApplication: so the screen is there first.

    So is triton, which torch reads when it trains: it crashes where software OpenGL brought its LLVM before.
    """
    with suppress(ImportError):  # only torch for Linux has it
        importlib.import_module("triton")
    return ["medseg"]
