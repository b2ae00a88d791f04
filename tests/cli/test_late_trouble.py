"""What goes wrong at the edges: interrupts while Python ends, a full output, names that are taken."""

from __future__ import annotations

import subprocess
import sys

import nibabel
import pytest

from medseg_app.__main__ import main as program

ENDING = """
import os, signal, sys
from medseg_app.__main__ import main
sys.argv = ["medseg", "export", sys.argv[1], "-o", sys.argv[2]]
code = main()
os.kill(os.getpid(), signal.SIGINT)
os.kill(os.getpid(), signal.SIGTERM)
sys.exit(code)
"""


def test_an_interrupt_after_the_command_comes_too_late(labels, tmp_path):
    """A file that is in place under an exit code of 130 would break the promise that none is."""
    out = tmp_path / "o.nii"
    ran = subprocess.run([sys.executable, "-c", ENDING, labels, out], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert out.exists()


def test_an_input_is_never_replaced(medseg, image, labels, models, tmp_path):
    for source, words in (
        (image, ["predict", "--model", "tiny-organs", "--models", models]),
        (labels, ["export"]),
    ):
        here = tmp_path / source.name
        here.write_bytes(source.read_bytes())
        ran = medseg(words[0], here, *words[1:], "-o", here.parent / "." / here.name)
        assert ran.code == 2
        assert "input" in ran.err
        assert here.read_bytes() == source.read_bytes()


def test_an_older_seg_does_not_pass_for_a_result_that_found_nothing(medseg, study, models, tmp_path):
    out = tmp_path / "o.seg.dcm"
    words = ["predict", study, "--model", "tiny-lesions", "--models", models, "-o", out, "--json"]
    assert medseg(*words, "--min-score", "0").code == 0
    assert out.exists()
    ran = medseg(*words, "--min-score", "1")
    assert (ran.code, ran.document["outputs"][0]["written"]) == (0, False)
    assert not out.exists()


def test_a_batch_of_a_file_refuses_dicom_before_any_model_runs(medseg, image, models, tmp_path):
    words = ["predict", image, "--series", "all", "--model", "tiny-organs", "--models", models]
    ran = medseg(*words, "-o", tmp_path / "out", "--format", "nii,seg.dcm")
    assert ran.code == 2
    assert "seg.dcm" in ran.err
    assert not (tmp_path / "out").exists()
    case = tmp_path / "c.medseg"
    assert medseg(*words[:2], *words[4:], "-o", case).code == 0
    assert medseg("predict", case, *words[2:], "-o", tmp_path / "out", "--format", "seg.dcm").code == 2


def test_the_window_and_the_demo_fail_without_traceback(monkeypatch, capsys, tmp_path):
    def broken(*_: object, **__: object) -> object:
        raise ZeroDivisionError("no")

    monkeypatch.setattr("medseg_app.ui.demo.run_demo", broken)
    assert program(["demo", "--output", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "Traceback" not in said
    assert program(["--debug", "demo"]) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(("lowest", "code"), [(-500, 2), (-501, 0)])
def test_a_ct_needs_a_voxel_below_minus_500(medseg, image, models, tmp_path, lowest, code):
    source = nibabel.load(image)
    path, out = tmp_path / "i.nii", tmp_path / "o.nii"
    nibabel.save(nibabel.Nifti1Image(source.get_fdata().clip(lowest), source.affine), path)
    ran = medseg("predict", path, "--model", "tiny-organs", "--models", models, "-o", out)
    assert ran.code == code, ran.err
    assert out.exists() == (code == 0)
