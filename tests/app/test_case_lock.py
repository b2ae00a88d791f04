"""A case is written by one window at a time, and nothing is left beside it."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from medseg_app.app.case_lock import CaseLock, lock_case
from medseg_app.app.commands.case import close_case, save_case
from medseg_app.core.case import ReadOnly
from medseg_app.core.errors import MedsegError

WINDOW = textwrap.dedent(
    """
    import os, sys, time
    from pathlib import Path
    from medseg_app.app.case_lock import CaseLock, lock_case

    case, inside = Path(sys.argv[1]), Path(sys.argv[2])
    entered, end = 0, time.monotonic() + 60
    while entered < 150 and time.monotonic() < end:
        lock = lock_case(case)
        if not isinstance(lock, CaseLock):
            continue
        os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
        inside.unlink()
        lock.release()
        entered += 1
    print(entered)
    """
)


def names(folder):
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_a_closed_case_leaves_no_lock_beside_it(session, tmp_path):
    session.run(save_case, path=tmp_path / "a.medseg")
    assert isinstance(lock_case(tmp_path / "a.medseg"), ReadOnly)
    session.run(save_case, path=tmp_path / "b.medseg")
    session.run(close_case)
    assert names(tmp_path) == {"a.medseg", "b.medseg"}


def test_a_save_that_fails_leaves_no_lock_and_can_be_tried_again(session, tmp_path, monkeypatch):
    def full(*_):
        raise MedsegError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr("medseg_app.io.case_file.write_case_file", full)
        with pytest.raises(MedsegError) as caught:
            session.run(save_case, path=tmp_path / "a.medseg")
    assert names(tmp_path) == set()
    session.run(save_case, path=tmp_path / "a.medseg")
    monkeypatch.setattr("medseg_app.io.case_file.write_case_file", full)
    with pytest.raises(MedsegError):
        session.run(save_case)
    assert isinstance(lock_case(tmp_path / "a.medseg"), ReadOnly), "the case is still this window's"
    assert caught.value.message == "The disk is full.", "kept until here, with all that its traceback holds"


def test_the_lock_may_be_let_go_by_another_thread_and_twice(tmp_path):
    import threading

    lock = lock_case(tmp_path / "a.medseg")
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    lock.release()
    assert names(tmp_path) == set()
    assert isinstance(lock_case(tmp_path / "a.medseg"), CaseLock)


def test_two_windows_never_hold_it_at_once(tmp_path):
    """Each makes a file that must not exist while it holds the lock: where two did, one of them fails."""
    words = [sys.executable, "-c", WINDOW, str(tmp_path / "a.medseg"), str(tmp_path / "inside")]
    windows = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    told = [window.communicate() for window in windows]
    assert [out.strip() for out, _ in told] == ["150"] * 3, [err for _, err in told]
    assert names(tmp_path) == set()
