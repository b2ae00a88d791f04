"""A session that is killed in the middle of its work, and the next start."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

import nibabel
import numpy as np
import pytest

from medseg_app.app.folders import Folders
from medseg_app.app.recovery import discard, find_recoverable, recover
from medseg_app.app.session import Session
from medseg_app.app.settings import Settings

WINDOW = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from medseg_app.app.commands.open import open_image
    from medseg_app.app.folders import Folders
    from medseg_app.app.session import Session
    from medseg_app.app.settings import Settings
    from medseg_app.tools.contract import PointerEvent

    home, image = Path(sys.argv[1]), Path(sys.argv[2])
    session = Session(Folders(home / "c", home / "d", home / "x"), Settings())
    session.run(open_image, path=image)
    session.view.tool = "brush"
    for k in range(4):
        position = tuple(session.case.volume.geometry.to_patient((k, 15, 15)).tolist())
        event = PointerEvent(position, 0, k)
        session.gestures.press(event)
        session.gestures.release(event)
    while not session.journal.is_durable:
        time.sleep(0.01)
    print(int(session.case.segmentation.labels().sum()), flush=True)
    time.sleep(60)
    """
)


@pytest.fixture
def killed(tmp_path):
    """Folders in which a window was killed after four strokes, and what it had painted."""
    image = tmp_path / "image.nii.gz"
    voxels = np.random.default_rng(0).integers(0, 99, (30, 31, 8)).astype(np.int16)
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([0.8, 0.9, 3.0, 1.0])), image)
    window = subprocess.Popen(
        [sys.executable, "-c", WINDOW, str(tmp_path), str(image)], stdout=subprocess.PIPE
    )
    painted = int(window.stdout.readline())
    folders = Folders(tmp_path / "c", tmp_path / "d", tmp_path / "x")
    assert find_recoverable(folders.journals) == [], "a window that is alive owns its journal"
    window.send_signal(signal.SIGKILL)
    window.communicate()
    return folders, painted


def test_the_next_start_offers_and_restores_every_stroke(killed):
    folders, painted = killed
    (item,) = find_recoverable(folders.journals)
    assert item.steps == 4
    session = Session(folders, Settings())
    case = session.run(recover, item=item)
    assert int(case.segmentation.labels().sum()) == painted > 0
    assert session.unsaved
    assert len(case.history.names) == 4
    session.close()
    assert len(find_recoverable(folders.journals)) == 1, "still not saved, so still recoverable"


def test_discarded_strokes_are_not_offered_again(killed):
    folders, _ = killed
    session = Session(folders, Settings())
    session.run(discard, item=find_recoverable(folders.journals)[0])
    assert find_recoverable(folders.journals) == []
    session.close()
