"""Kill -9 at random moments: every acknowledged stroke is there."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.history import History
from medseg_app.core.journal import Journal, read_journal, since_checkpoint, stacks
from medseg_app.core.label_writer import LabelWriter
from medseg_app.core.segmentation import Segmentation

PAINTER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import numpy as np
    from medseg_app.core.box import Box
    from medseg_app.core.geometry import VolumeGeometry
    from medseg_app.core.journal import Journal
    from medseg_app.core.label_edit import LabelPatch
    from medseg_app.core.label_writer import LabelWriter
    from medseg_app.core.segment import Segment
    from medseg_app.core.segmentation import Segmentation

    segmentation = Segmentation(VolumeGeometry.regular((8, 64, 64), np.eye(4)))
    writer = LabelWriter(segmentation)
    journal = Journal(Path(sys.argv[1]))
    random = np.random.default_rng(int(sys.argv[2]))
    writer.begin("Add")
    writer.put_segment(Segment(1, "Lesion", 1))
    journal.append_edit(writer.commit()).result()
    print("ready", flush=True)
    while True:
        start = random.integers(0, (6, 50, 50))
        box = Box.of(start, start + (2, 12, 12))
        writer.begin("Brush")
        writer.write(LabelPatch(1, box, random.random(box.shape) < 0.7))
        edit = writer.commit()
        if edit is not None:
            journal.append_edit(edit).result()
            print(edit.revision, int(segmentation.labels().sum()), flush=True)
    """
)


@pytest.mark.parametrize("round_number", range(30))
def test_kill_at_a_random_moment_loses_no_acknowledged_stroke(tmp_path, round_number):
    path = tmp_path / "case.journal"
    command = [sys.executable, "-c", PAINTER, str(path), str(round_number)]
    painter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert painter.stdout.readline() == "ready\n"
    time.sleep(random.Random(round_number).uniform(0.0, 0.12))
    painter.send_signal(signal.SIGKILL)
    acknowledged = [line.split() for line in painter.communicate()[0].splitlines() if line.count(" ") == 1]
    done, _ = stacks(read_journal(path)[1])
    segmentation = Segmentation(VolumeGeometry.regular((8, 64, 64), np.eye(4)))
    history = History(LabelWriter(segmentation))
    sums = {}
    for edit in done:
        history.replay(edit)
        sums[edit.revision] = int(segmentation.labels().sum())
    for revision, total in acknowledged:
        assert sums[int(revision)] == int(total)
    assert len(done) - 1 - len(acknowledged) <= 1, "more than the stroke in progress is unaccounted for"


def test_reading_stops_at_a_damaged_record(tmp_path):
    journal = Journal(tmp_path / "j")
    for revision in (1, 2, 3):
        journal.append("edit", revision, b"payload").result()
    journal.close()
    with sqlite3.connect(tmp_path / "j") as connection:
        connection.execute("UPDATE records SET payload = x'00' WHERE revision = 2")
    connection.close()
    assert [record.revision for record in read_journal(tmp_path / "j")[1]] == [1]


def test_steps_made_while_a_case_was_saved_are_not_lost(tmp_path):
    journal = Journal(tmp_path / "j")
    for kind, revision in (("edit", 1), ("edit", 2), ("edit", 3), ("checkpoint", 2), ("edit", 4)):
        journal.append(kind, revision)
    newer = since_checkpoint(journal.records())
    journal.close()
    assert [record.revision for record in newer] == [3, 4]
