"""`predict --series`: one volume of several, or all of them with a manifest."""

from __future__ import annotations

import hashlib
import json
import shutil

import nibabel
import pytest

from medseg_app.app.demo_study import write_stacks
from medseg_app.phantom import marker_phantom
from medseg_app.phantom.mixed import localizers_in_study, same_place_twice


@pytest.fixture
def batch(medseg, models, tmp_path):
    """Run all series of a folder with the tiny model; more words may follow."""

    def run(source: object, *words: object, model: str = "tiny-organs", formats: str = "nii") -> object:
        return medseg(
            "predict", source, "--series", "all", "--model", model, "--models", models,
            "-o", tmp_path / "out", "--format", formats, "--json", *words,
        )  # fmt: skip

    return run


@pytest.fixture
def one_broken(two_series, tmp_path):
    """The two series; from the middle of the second one a slice is cut off."""
    folder = tmp_path / "broken"
    shutil.copytree(two_series, folder)
    victim = sorted((folder / "coronal").iterdir())[5]
    victim.write_bytes(victim.read_bytes()[:-2000])
    return folder, victim


def _states(ran):
    return sorted(entry["state"] for entry in ran.document["volumes"])


def test_it_goes_on_after_a_failure_and_mends_it_later(batch, one_broken, two_series, tmp_path):
    folder, victim = one_broken
    ran = batch(folder)
    assert ran.code == 3
    assert _states(ran) == ["done", "failed"]
    assert victim.name in ran.err
    assert len(list((tmp_path / "out").glob("*.nii"))) == 1
    shutil.copy(two_series / "coronal" / victim.name, victim)
    ran = batch(folder)
    assert (ran.code, _states(ran)) == (0, ["done", "skipped"])


def test_a_bug_in_one_volume_does_not_cost_the_others(batch, two_series, monkeypatch):
    from medseg_app.app import predict_series

    real = predict_series.predicted_input

    def fails(wanted, *args):
        if wanted.volume.description == "Marker, coronal":
            raise ZeroDivisionError
        return real(wanted, *args)

    monkeypatch.setattr(predict_series, "predicted_input", fails)
    ran = batch(two_series)
    assert (ran.code, _states(ran)) == (3, ["done", "failed"])


def test_a_slice_that_was_left_out_is_not_forgotten(batch, study, tmp_path):
    folder = tmp_path / "short"
    shutil.copytree(study, folder)
    last = sorted(p for p in folder.rglob("*") if p.is_file())[-1]
    whole = last.read_bytes()
    last.write_bytes(whole[:-2000])
    for state in ("done", "skipped"):
        ran = batch(folder)
        assert (ran.code, _states(ran)) == (3, [state])
        assert last.name in ran.err
    last.write_bytes(whole)
    assert (batch(folder).code, _states(batch(folder))) == (0, ["skipped"])


def test_other_choices_are_not_taken_for_done(batch, study, tmp_path):
    assert _states(batch(study)) == ["done"]
    assert _states(batch(study, formats="NII,.nii")) == ["skipped"]
    assert _states(batch(study, "--precision", "fast")) == ["done"]
    ran = batch(study, formats="nrrd,json")
    assert _states(ran) == ["done"]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    (entry,) = manifest["volumes"]
    assert sorted(name[-4:] for name in entry["files"]) == ["json", "nrrd"]
    for name, digest in entry["files"].items():
        assert hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == digest


def test_nothing_found_is_said_of_each_volume(batch, study):
    ran = batch(study, "--min-score", "1", model="tiny-lesions", formats="seg.dcm,nii.gz")
    assert ran.code == 0
    assert "no findings" in ran.err
    (entry,) = ran.document["volumes"]
    assert [name[-7:] for name in entry["files"]] == [".nii.gz"]
    assert "empty" in entry["reason"]


def test_a_file_is_a_batch_of_one(batch, image):
    ran = batch(image)
    assert (ran.code, _states(ran)) == (0, ["done"])
    assert _states(batch(image)) == ["skipped"]


def test_wrong_requests_are_exit_2_before_any_model_runs(batch, study, models, medseg, tmp_path):
    assert batch(study, formats="nii,doc").code == 2
    (tmp_path / "out").write_text("a file")
    ran = batch(study)
    assert ran.code == 2
    assert "out" in ran.err
    words = ["predict", study, "--model", "tiny-organs", "--models", models, "-o", tmp_path / "o"]
    assert medseg(*words, "--series", "all").code == 2
    assert medseg(*words, "--format", "nii").code == 2


def test_one_volume_of_a_series_is_named_by_its_number(medseg, models, tmp_path):
    folder = tmp_path / "twice"
    write_stacks(same_place_twice(marker_phantom("axial")[0]), folder, 5)
    volumes = medseg("info", folder, "--json").document["volumes"]
    uid = volumes[0]["id"].partition("#")[0]
    assert [v["id"] for v in volumes] == [f"{uid}#1", f"{uid}#2"]
    words = ["predict", folder, "--model", "tiny-organs", "--models", models, "-o", tmp_path / "o.nii"]
    refused = medseg(*words, "--series", uid)
    assert refused.code == 2
    assert f"{uid}#2" in refused.err
    ran = medseg(*words, "--series", f"{uid}#2", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["volume"] == f"{uid}#2"


@pytest.fixture
def with_scouts(tmp_path):
    """A study as scanners send it: localizers before the series."""
    write_stacks(localizers_in_study(marker_phantom("axial")[0]), tmp_path / "study", 5)
    return tmp_path / "study"


def test_localizers_are_none_of_the_images_of_a_model_for_volumes(
    medseg, models, batch, with_scouts, tmp_path
):
    assert len(medseg("info", with_scouts, "--json").document["volumes"]) == 4
    words = ["predict", with_scouts, "--models", models, "-o", tmp_path / "o.nii", "--model"]
    ran = medseg(*words, "tiny-organs", "--json")
    assert ran.code == 0, ran.err
    assert nibabel.load(tmp_path / "o.nii").shape == (64, 48, 12)
    ran = medseg(*words, "tiny-lesions")
    assert (ran.code, "4 volumes that fit" in ran.err) == (2, True), "a model for slices can take them"
    ran = batch(with_scouts)
    assert (ran.code, _states(ran)) == (0, ["done"])


def test_a_localizer_alone_is_told_to_be_one_slice(medseg, models, with_scouts, tmp_path):
    first = next(iter((with_scouts / "localizers").iterdir()))
    words = ["predict", first, "--models", models, "-o", tmp_path / "o.nii", "--model", "tiny-organs"]
    ran = medseg(*words)
    assert (ran.code, "single slice" in ran.err) == (2, True)
