"""A case whose folder cannot be written is opened to be viewed, and the reason is not another window."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from filelock import FileLock

from medseg_app.app.commands.case import close_case, save_case, undo
from medseg_app.app.commands.open import open_case
from medseg_app.app.recovery import find_recoverable, recover
from medseg_app.core.errors import CaseError
from tests.app.test_session import paint

pytestmark = pytest.mark.usefixtures("images_without_files")


@pytest.fixture
def saved(session, tmp_path):
    """A saved case with a stroke that its file does not hold."""
    (tmp_path / "share").mkdir()
    paint(session, (2, 20, 21))
    session.run(save_case, path=tmp_path / "share" / "a.medseg")
    paint(session, (3, 20, 21))
    session.run(close_case)
    return tmp_path / "share" / "a.medseg"


@pytest.fixture
def close_folder(saved, monkeypatch):
    """From when this is called on nobody may write beside the saved case."""
    acquire = FileLock.acquire

    def refused(lock, *arguments, **options):
        if Path(lock.lock_file).parent == saved.parent:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), lock.lock_file)
        return acquire(lock, *arguments, **options)

    return lambda: monkeypatch.setattr(FileLock, "acquire", refused)


def test_the_reader_is_told_the_folder_and_the_remedy(session, saved, close_folder, told):
    close_folder()
    session.run(open_case, path=saved)
    assert session.case.read_only
    (notice,) = told
    assert f"its folder {saved.parent} cannot be written to (Permission denied)" in notice.text
    assert "can be viewed, not changed. Save it in another folder" in notice.hint
    for command in (undo, save_case):
        with pytest.raises(CaseError, match="cannot be written to") as caught:
            session.run(command)
        assert "another folder" in caught.value.hint


def test_whatever_stands_in_the_way_of_the_lock_is_no_window(session, saved, told):
    (saved.parent / f".{saved.name}.lock").mkdir()
    session.run(open_case, path=saved)
    assert "Is a directory" in told[0].text
    assert "window" not in told[0].text


def test_the_case_goes_on_in_another_folder(session, saved, close_folder, tmp_path):
    close_folder()
    session.run(open_case, path=saved)
    with pytest.raises(CaseError, match=r"new\.medseg cannot be locked: its folder"):
        session.run(save_case, path=saved.with_name("new.medseg"))
    session.run(save_case, path=tmp_path / "mine.medseg")
    before = session.case.segmentation.revision
    paint(session, (8, 20, 21))
    assert session.case.segmentation.revision > before


def test_strokes_of_a_closed_folder_wait_in_their_journal(session, saved, close_folder, folders):
    (item,) = find_recoverable(folders.journals)
    close_folder()
    with pytest.raises(CaseError, match="not restored: .*cannot be written to"):
        session.run(recover, item=item)
    session.run(close_case)
    assert len(find_recoverable(folders.journals)) == 1
