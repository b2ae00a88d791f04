"""Single clauses of the promise that no other test states: failures, choices and keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg_app.__main__ import main as program
from medseg_app.app.demo_study import write_stacks
from medseg_app.core.errors import OutOfMemory
from medseg_app.io.dicom.seg_images import images_of_seg
from medseg_app.io.dicom.series_writer import write_series
from medseg_app.io.nifti import write_labels
from medseg_app.phantom import marker_phantom
from medseg_app.phantom.irregular import missing_slice
from medseg_app.phantom.mixed import same_place_twice
from tests.training.tiny import write_cases, write_recipe


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "ran out of memory"),
        (OutOfMemory("The device ran out of memory.", "Use the processor."), "ran out of memory"),
        (ZeroDivisionError("no"), "--debug"),
    ],
)
def test_work_that_fails_is_exit_1(medseg, study, models, tmp_path, monkeypatch, error, words):
    def fails(*_: object) -> object:
        raise error

    monkeypatch.setattr("medseg_app.engines.predict.run_engine", fails)
    ran = medseg("predict", study, "--model", "tiny-organs", "--models", models, "-o", tmp_path / "o.nii")
    assert ran.code == 1
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["o.nii", "o.nrrd", "o.mha", "o.seg.dcm"])
def test_a_failed_verification_is_exit_1_and_takes_all_outputs_back(
    medseg, study, labels, tmp_path, monkeypatch, name
):
    from medseg_app.io import export

    real = export.verify

    def wrong(label_map: object, path: object, read_back: object, called: str) -> None:
        if called == name:
            label_map = replace(label_map, layers=tuple(np.roll(a, 3, axis=2) for a in label_map.layers))
        real(label_map, path, read_back, called)

    monkeypatch.setattr(export, "verify", wrong)
    outs = ["-o", tmp_path / "first.nii.gz", "-o", tmp_path / name]
    ran = medseg("export", labels, "--source", study, *outs)
    assert ran.code == 1
    assert name in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_only_volume_that_fits_the_model_need_not_be_named(medseg, models, tmp_path):
    ct = marker_phantom("axial")[0]
    write_series(ct, tmp_path / "s" / "ct", seed=1, series="ct")
    write_series(replace(ct, modality="MR"), tmp_path / "s" / "mr", seed=1, series="mr")
    volumes = medseg("info", tmp_path / "s", "--json").document["volumes"]
    ids = {volume["modality"]: volume["id"] for volume in volumes}
    words = [
        "predict",
        tmp_path / "s",
        "--model",
        "tiny-organs",
        "--models",
        models,
        "-o",
        tmp_path / "o.nii",
    ]
    assert medseg(*words, "--json").document["volume"] == ids["CT"]
    refused = medseg(*words, "--series", ids["MR"], "-o", tmp_path / "p.nii")
    assert refused.code == 2
    assert "MR" in refused.err
    assert not (tmp_path / "p.nii").exists()


def test_a_problem_of_geometry_is_told_with_code_and_text(medseg, tmp_path):
    write_stacks(missing_slice(marker_phantom("axial")[0]), tmp_path, 1)
    (volume,) = medseg("info", tmp_path, "--json").document["volumes"]
    assert volume["verdict"] == "problem"
    assert all(set(finding) == {"code", "text"} for finding in volume["findings"])
    assert volume["findings"]


@pytest.mark.parametrize("name", ["o.nii", "o.seg.dcm"])
def test_uneven_slices_are_refused_with_a_remedy_that_predict_has(medseg, models, tmp_path, name):
    """DICOM SEG could hold them, but no model can fill it."""
    write_stacks(missing_slice(marker_phantom("axial")[0]), tmp_path / "s", 1)
    out = tmp_path / name
    ran = medseg("predict", tmp_path / "s", "--model", "tiny-organs", "--models", models, "-o", out)
    assert ran.code == 2
    assert "Load the complete series" in ran.err
    assert "DICOM SEG" not in ran.err
    assert not out.exists()


@pytest.mark.parametrize("task", ["semantic", "instance"])
def test_a_recipe_in_toml_is_trained(medseg, tmp_path, task):
    write_cases(tmp_path)
    recipe, out = write_recipe(tmp_path, task, steps=2), tmp_path / "out" / "model"
    ran = medseg("train", recipe, "--name", "told", "-o", out, "--device", "cpu", "--json")
    assert ran.code == 0, ran.err
    (model,) = [m for m in medseg("models", "--models", out.parent, "--json").document if m["name"] == "told"]
    assert model["task"] == task


def test_the_demo_says_that_it_needs_a_display(monkeypatch, capsys, tmp_path):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert program(["demo", "--output", str(tmp_path)]) == 1
    assert "no display" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("phase", [1, 2])
def test_a_seg_finds_the_phase_that_it_was_drawn_on(medseg, tmp_path, phase):
    """Both phases have one grid, and one series: only the images that it names tell them apart."""
    volume, labels = marker_phantom()
    write_stacks(same_place_twice(volume), tmp_path / "study", seed=1)
    write_labels(labels, tmp_path / "labels.nii.gz")
    ids = [one["id"] for one in medseg("info", tmp_path / "study", "--json").document["volumes"]]
    drawn, source = tmp_path / "drawn.seg.dcm", ["--source", tmp_path / "study"]
    first = medseg("export", tmp_path / "labels.nii.gz", *source, "--series", ids[phase - 1], "-o", drawn)
    assert first.code == 0, first.err
    assert medseg("export", tmp_path / "labels.nii.gz", *source, "-o", tmp_path / "x.nii").code == 2
    ran = medseg("export", drawn, *source, "-o", tmp_path / "again.seg.dcm", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["volume"] == ids[phase - 1]
    named, again = (images_of_seg(tmp_path / name) for name in ("drawn.seg.dcm", "again.seg.dcm"))
    assert named == again
