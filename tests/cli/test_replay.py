"""`medseg replay` never shows labels that are not those of the case."""

from __future__ import annotations

import sqlite3

import nibabel
import numpy as np
import pytest

from medseg_app.app.case_output import case_of
from medseg_app.app.enter_case import about
from medseg_app.core.box import Box
from medseg_app.core.case import Case
from medseg_app.core.journal import Journal
from medseg_app.core.label_edit import LabelPatch
from medseg_app.core.segment import Segment
from medseg_app.phantom import marker_phantom


@pytest.fixture
def corrected(tmp_path):
    """The journal of a case that began with a model's labels, of which a reader changed some."""
    volume, truth = marker_phantom("oblique")
    case = case_of(truth, volume)
    written = Journal(tmp_path / "corrected.journal", about(case))
    case.writer.begin("Brush")
    case.writer.write(LabelPatch(1, Box((1, 2, 3), (5, 6, 7)), np.ones((4, 4, 4), bool)))
    written.append_edit(case.writer.commit()).result()
    written.close()
    return written.path


@pytest.fixture
def steps(tmp_path):
    """A journal of three steps, each of which paints one voxel."""
    case = Case.of(marker_phantom("oblique")[0])
    written = Journal(tmp_path / "steps.journal", about(case))
    for number in range(3):
        case.writer.begin("Brush")
        case.writer.put_segment(Segment(1, f"Lesion {number}", 1))
        case.writer.write(LabelPatch(1, Box((number, 0, 0), (number + 1, 1, 1)), np.ones((1, 1, 1), bool)))
        written.append_edit(case.writer.commit()).result()
    written.close()
    return written.path


def test_a_journal_of_a_case_that_began_with_labels_gives_no_others(medseg, corrected, tmp_path):
    out = tmp_path / "o.nii.gz"
    ran = medseg("replay", corrected, "-o", out)
    assert (ran.code, out.exists()) == (2, False)
    assert corrected.name in ran.err
    assert "medseg export CASE" in ran.err
    listed = medseg("replay", corrected, "--json").document
    assert ([step["name"] for step in listed["steps"]], listed["sha256"]) == (["Brush"], None)
    assert "1 steps" in medseg("replay", corrected).out


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE records SET payload = x'00' WHERE seq = 2", "only 1 of its 3 steps"),
        ("DELETE FROM records WHERE seq = 2", "step 2 of 2 does not fit"),
        ("UPDATE records SET kind = 'undo', payload = x'', crc = 0 WHERE seq = 2", "step 2 of 3"),
    ],
)
def test_a_journal_with_a_gap_is_refused(medseg, steps, tmp_path, harm, said):
    out = tmp_path / "o.nii.gz"
    assert medseg("replay", steps, "-o", out).code == 0
    assert np.asarray(nibabel.load(out).dataobj).sum() == 3
    with sqlite3.connect(steps) as connection:
        connection.execute(harm)
    connection.close()
    out.unlink()
    ran = medseg("replay", steps, "-o", out)
    assert (ran.code, out.exists()) == (2, False)
    assert steps.name in ran.err
    assert said in ran.err
