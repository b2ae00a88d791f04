"""Bad input: a message that names the file and the remedy, the exit code, and nothing half-written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest

from medseg_app.app.demo_study import write_stacks
from medseg_app.phantom import marker_phantom
from medseg_app.phantom.irregular import gantry_tilt
from tests.data_folder import ROOT
from tests.engines.plugin_engine import install, write_plugin_model


@pytest.mark.parametrize("command", ["info", "predict"])
def test_bad_input_names_the_file_and_leaves_nothing(medseg, models, tmp_path, command):
    empty, text = tmp_path / "empty", tmp_path / "text"
    empty.mkdir()
    text.mkdir()
    (text / "a.txt").write_text("no")
    (text / "b.dcm").touch()
    out = tmp_path / "o.nii.gz"
    more = ["--model", "tiny-organs", "--models", models, "-o", out] if command == "predict" else []
    for bad in (empty, text, text / "a.txt", tmp_path / "nowhere"):
        ran = medseg(command, bad, *more)
        assert ran.code == 2, (bad, ran)
        assert bad.name in ran.err
        assert ran.err.count("\n") >= 2, "message and remedy"
        assert not out.exists()


def test_a_truncated_slice_is_named_and_never_silently_dropped(medseg, study, models, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(study, broken)
    victim = sorted(p for p in broken.rglob("*") if p.is_file())[5]
    victim.write_bytes(victim.read_bytes()[:-2000])
    out = tmp_path / "o.nii.gz"
    ran = medseg("predict", broken, "--model", "tiny-organs", "--models", models, "-o", out)
    assert victim.name in ran.err
    assert ran.code in (2, 3)
    assert out.exists() == (ran.code == 3)


@pytest.mark.parametrize("kept", [600, -3000])
def test_images_that_cannot_be_read_at_all_are_named_and_exit_2(medseg, study, tmp_path, kept):
    """Cut off in the head or in the pixels: with nothing else there, it is no list of what was left out."""
    paths = sorted(p for p in study.rglob("*") if p.is_file())[:2]
    for path in paths:
        (tmp_path / path.name).write_bytes(path.read_bytes()[:kept])
    (tmp_path / "notes.txt").write_text("no image")
    for bad, named in ((tmp_path, paths), (tmp_path / paths[0].name, paths[:1])):
        ran = medseg("info", bad, "--json")
        assert ran.code == 2
        message = ran.document["error"]["message"]
        assert all(path.name in message for path in named)
        assert "notes.txt" not in message
        assert ran.document["error"]["hint"]


def test_objects_that_are_no_images_are_listed_and_no_error(medseg, study, labels, tmp_path):
    seg = tmp_path / "seg" / "s.seg.dcm"
    seg.parent.mkdir()
    assert medseg("export", labels, "--source", study, "-o", seg).code == 0
    ran = medseg("info", seg.parent, "--json")
    assert ran.code == 0
    assert ran.document["volumes"] == []
    assert [row["path"] for row in ran.document["left_out"]] == [str(seg)]


def test_a_changed_model_is_refused(medseg, study, models, tmp_path):
    copy = tmp_path / "models"
    shutil.copytree(models, copy)
    weights = next((copy / "model0").rglob("*.safetensors"))
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    out = tmp_path / "o.nii.gz"
    ran = medseg("predict", study, "--model", "tiny-organs", "--models", copy, "-o", out)
    assert ran.code == 2
    assert weights.name in ran.err
    assert not out.exists()


def test_json_errors_are_one_document_too(medseg, tmp_path):
    ran = medseg("info", tmp_path / "nowhere", "--json")
    assert ran.code == 2
    assert "nowhere" in ran.document["error"]["message"]


def test_an_interrupt_is_130_and_leaves_nothing(study, tmp_path, monkeypatch):
    install(tmp_path / "plugin", monkeypatch)
    write_plugin_model(tmp_path / "models/slow", steps=1000, seconds=0.1)
    out = tmp_path / "o.nii.gz"
    command = [
        sys.executable, "-m", "medseg_app", "predict", str(study), "--model", "slow",
        "--models", str(tmp_path / "models"), "-o", str(out),
    ]  # fmt: skip
    found = os.pathsep.join([str(tmp_path / "plugin"), str(ROOT)])
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": found}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert any("tile 2" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    assert not out.exists()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".medseg")]


def test_a_grid_that_a_format_cannot_hold_is_refused_before_any_model_runs(
    medseg, models, tmp_path, monkeypatch
):
    """A tilted series as NIfTI: nobody should wait for a model to learn that."""
    write_stacks(gantry_tilt(marker_phantom("axial")[0]), tmp_path / "s", 1)
    monkeypatch.setattr("medseg_app.engines.predict.run_engine", None)
    for name in ("o.nii", "o.mha"):
        words = [
            "predict",
            tmp_path / "s",
            "--model",
            "tiny-organs",
            "--models",
            models,
            "-o",
            tmp_path / name,
        ]
        ran = medseg(*words)
        assert ran.code == 2
        assert ".nrrd" in ran.err


@pytest.mark.parametrize("command", ["info", "predict", "export", "evaluate", "train", "replay"])
@pytest.mark.parametrize("name", ["", "a" * 5000, "/dev/null"])
def test_a_name_that_names_nothing_is_exit_2(medseg, models, tmp_path, command, name):
    out = ["-o", tmp_path / "o.nii"]
    more = {
        "info": [], "predict": ["--model", "tiny-organs", "--models", models, *out], "export": out,
        "evaluate": [tmp_path / "x.nii"], "train": ["-o", tmp_path / "m"], "replay": [],
    }[command]  # fmt: skip
    ran = medseg(command, name, *more, "--json")
    assert ran.code == 2, ran.err
    assert ran.document["error"]["hint"]
    assert "Traceback" not in ran.err
    assert list(tmp_path.iterdir()) == []


def test_an_output_of_an_impossible_name_is_exit_2(medseg, image, models, tmp_path):
    words = ["predict", image, "--model", "tiny-organs", "--models", models]
    for name in ("", tmp_path / ("a" * 400 + ".nii")):
        assert medseg(*words, "-o", name).code == 2
