"""`medseg models`: import, verify and remove; a model has its name whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from medseg_app.app import import_model
from medseg_app.app.folders import Folders
from medseg_app.core.errors import CouldNotBeDone, ModelError
from medseg_app.engines.foreign.containment import can_keep_files_away
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.phantom import marker_phantom
from tests.engines.foreign.made_bundle_code import write_code_bundle
from tests.engines.foreign.made_bundles import config, write_bundle
from tests.engines.foreign.made_onnx import segmenting
from tests.engines.foreign.made_programs import CARD, Planting, write_program


@pytest.fixture
def onnx(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(segmenting())
    path.with_suffix(".toml").write_text(CARD)
    return path


def _mine() -> list[str]:
    place = Folders.of_user().models
    return sorted(path.name for path in place.iterdir()) if place.is_dir() else []


@pytest.mark.usefixtures("uncontained")
@pytest.mark.parametrize("suffix", ["", ".zip"])
def test_an_imported_bundle_is_listed_and_predicts(medseg, bundle, image, tmp_path, suffix):
    ran = medseg("models", "--import", bundle.with_suffix(suffix), "--json")
    assert ran.code == 0, ran.err
    assert ran.document == {
        "model": "spleen_ct",
        "version": "0.5.3",
        "folder": str(Folders.of_user().models / "spleen_ct"),
        "replaced": None,
        "remarks": [],
    }
    assert _mine() == ["spleen_ct"]
    listed = {model["name"]: model for model in medseg("models", "--json").document}
    assert listed["spleen_ct"]["labels"] == {"1": "Spleen"}
    out = tmp_path / "o.nii.gz"
    ran = medseg("predict", image, "--model", "spleen_ct", "--modality", "CT", "-o", out)
    assert ran.code == 0, ran.err
    assert out.exists()


def test_a_name_can_be_chosen_and_remarks_are_told(medseg, tmp_path):
    changed = config()
    changed["postprocessing"]["transforms"].append({"_target_": "FillHolesd"})
    ran = medseg("models", "--import", write_bundle(tmp_path / "b", changed), "--name", "mine")
    assert ran.code == 0
    assert _mine() == ["mine"]
    assert "FillHolesd" in ran.err


def test_a_shipped_model_that_is_hidden_is_named(medseg, onnx):
    ran = medseg("models", "--import", onnx, "--name", "demo-organs", "--json")
    assert ran.code == 0
    (remark,) = ran.document["remarks"]
    assert "demo-organs is hidden" in remark
    assert medseg("models", "--remove", "demo-organs").code == 0
    assert "demo-organs" in {model["name"] for model in medseg("models", "--json").document}


def test_a_model_of_the_same_name_is_replaced(medseg, onnx):
    assert medseg("models", "--import", onnx).code == 0
    onnx.with_suffix(".toml").write_text(CARD.replace('"1.2"', '"2.0"'))
    ran = medseg("models", "--import", onnx, "--json")
    assert ran.document["replaced"] == "1.2"
    assert read_model_folder(Folders.of_user().models / "net").card.version == "2.0"
    assert _mine() == ["net"]


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".", "..", ".hidden", "C:x"])
def test_a_name_that_is_a_path_is_refused(medseg, onnx, name):
    ran = medseg("models", "--import", onnx, f"--name={name}")
    assert ran.code == (0 if name == "" else 2)  # an empty one is none
    assert _mine() == (["net"] if name == "" else [])


def test_a_failure_keeps_the_model_that_was_there(medseg, onnx, monkeypatch):
    assert medseg("models", "--import", onnx).code == 0
    before = (Folders.of_user().models / "net/SHA256SUMS").read_text()
    onnx.with_suffix(".toml").write_text(CARD.replace('"1.2"', '"2.0"'))

    def full(*_):
        raise CouldNotBeDone("The disk is full.", "Free some space.")

    monkeypatch.setattr("medseg_app.engines.foreign.proof.prove", full)
    ran = medseg("models", "--import", onnx)
    assert ran.code == 1
    assert (Folders.of_user().models / "net/SHA256SUMS").read_text() == before
    assert _mine() == ["net"]


def test_something_else_of_that_name_is_never_replaced(medseg, onnx):
    place = Folders.of_user().models / "net"
    place.mkdir(parents=True)
    (place / "thesis.txt").write_text("years")
    ran = medseg("models", "--import", onnx)
    assert ran.code == 2
    assert "is no model" in ran.err
    assert (place / "thesis.txt").read_text() == "years"


def test_remains_of_a_killed_import_are_removed_by_the_next(medseg, onnx, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr(import_model.shutil, "rmtree", lambda *_, **__: None)
        killed.setattr("medseg_app.engines.foreign.proof.prove", lambda _: 1 / 0)
        assert medseg("models", "--import", onnx).code == 1
    (left,) = _mine()
    place = Folders.of_user().models
    (place / left).rename(place / left.replace(f"-{os.getpid()}-", "-999999999-"))
    assert medseg("models", "--import", onnx).code == 0
    assert _mine() == ["net"]


def test_what_cannot_be_imported_is_exit_2_with_words(medseg, tmp_path):
    (tmp_path / "text.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    for bad in (tmp_path / "nowhere", tmp_path / "text.txt", tmp_path / "empty"):
        ran = medseg("models", "--import", bad, "--json")
        assert ran.code == 2
        assert bad.name in ran.document["error"]["message"]
        assert ran.document["error"]["hint"]
    assert _mine() == []


def test_a_network_that_is_too_large_names_file_size_and_remedy(medseg, tmp_path):
    changed = config()
    changed["network_def"]["channels"] = [4096, 8192, 16384]
    ran = medseg("models", "--import", write_bundle(tmp_path / "b", changed), "--json")
    assert ran.code == 2
    error = ran.document["error"]
    assert error["message"].startswith(
        f"{tmp_path / 'b'} is not taken. The network UNet is too large: it has "
    )
    assert "at most 200,000,000" in error["message"]
    assert error["hint"] == "Choose a smaller network."


def test_torchscript_needs_trust(medseg, tmp_path):
    path = write_program(tmp_path / "net.ts", Planting(str(tmp_path / "planted")))
    ran = medseg("models", "--import", path)
    assert ran.code == 2
    assert ("--trust" in ran.err) == can_keep_files_away()
    assert ("Not contained" if can_keep_files_away() else "not opened here at all") in ran.err
    ran = medseg("models", "--import", path, "--trust")
    assert ran.code in (0, 2)  # 2 where this computer cannot contain it
    assert not (tmp_path / "planted").exists()
    assert _mine() == (["net"] if ran.code == 0 else [])


@pytest.mark.usefixtures("uncontained")
def test_code_of_a_bundle_needs_trust(medseg, tmp_path):
    path = write_code_bundle(tmp_path / "own")
    ran = medseg("models", "--import", path)
    assert ran.code == 2
    for words in ("scripts.net.MyNet", "The network of this bundle is Python code"):
        assert words in ran.err
    assert ("--trust" in ran.err) == can_keep_files_away()
    assert "TorchScript" not in ran.err
    ran = medseg("models", "--import", path, "--trust")
    assert ran.code in (0, 2)  # 2 where this computer cannot contain it
    assert _mine() == (["own"] if ran.code == 0 else [])


@pytest.mark.parametrize(
    "words",
    [
        ["--trust"],
        ["--name", "x"],
        ["--verify", "--trust"],
        ["--from", "https://example.org/x.zip"],
        ["--import", "x", "--from", "https://example.org/x.zip"],
        ["--import", "x", "--remove", "y"],
        ["--verify", "--download", "x"],
        ["--update", "--name", "x"],
        ["--update", "x", "--remove", "x"],
    ],
)
def test_options_that_would_change_nothing_are_refused(medseg, words):
    assert medseg("models", *words).code == 2


def test_verify_reads_every_byte(medseg, models, tmp_path):
    copy = tmp_path / "models"
    shutil.copytree(models, copy)
    ran = medseg("models", "--verify", "--models", copy, "--json")
    assert ran.code == 0, ran.out
    assert {"tiny-organs", "tiny-tumours", "tiny-lesions"} <= {one["name"] for one in ran.document}
    assert all(one["ok"] for one in ran.document)
    assert {one["files"] for one in ran.document if one["name"].startswith("tiny")} == {5}
    weights = copy / "model0/models/model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(bytes(data))
    (copy / "model1/docs/extra.txt").write_text("x")
    readme = copy / "model2/docs/README.md"
    readme.write_text("changed")
    found = {one["folder"]: one for one in medseg("models", "--verify", "--models", copy, "--json").document}
    for name, word in (("model0", "model.safetensors"), ("model1", "extra.txt"), ("model2", "README.md")):
        (problem,) = found[str(copy / name)]["problems"]
        assert word in problem
    assert medseg("models", "--verify", "--models", copy).code == 1


def test_verify_of_one_name(medseg, models):
    ran = medseg("models", "--verify", "tiny-organs", "--models", models, "--json")
    assert [one["name"] for one in ran.document] == ["tiny-organs"]
    ran = medseg("models", "--verify", "nobody", "--models", models)
    assert ran.code == 2
    assert "tiny-organs" in ran.err


def test_a_changed_model_stands_in_no_ones_place(medseg, study, tmp_path, monkeypatch):
    """A refused folder of the wanted name is told, by every road to a model, and nothing else runs."""
    import medseg_app as ms

    copy = tmp_path / "mine" / "demo-organs"
    shutil.copytree(Path(__file__).parents[2] / "models/demo-organs", copy)
    (copy / "LICENSE").write_text("changed")
    out = tmp_path / "o.nii.gz"
    words = ["--models", copy.parent]
    ran = medseg("predict", study, "--model", "demo-organs", *words, "-o", out)
    assert (ran.code, out.exists()) == (2, False)
    assert str(copy / "LICENSE") in ran.err
    ran = medseg("models", "--verify", "demo-organs", *words, "--json")
    assert ran.code == 1
    assert [(one["folder"], one["ok"]) for one in ran.document] == [(str(copy), False)]
    listed = medseg("models", *words, "--json")
    assert "demo-organs" not in [one["name"] for one in listed.document]
    assert "LICENSE" in listed.err
    with pytest.raises(ModelError, match="LICENSE"):
        ms.predict_files(study, "demo-organs", [out], models=copy.parent)
    monkeypatch.setenv("MEDSEG_MODELS", str(copy.parent))
    with pytest.raises(ModelError, match="LICENSE"):
        ms.predict(marker_phantom("oblique")[0], "demo-organs")


def test_remove_takes_the_users_models_only(medseg, onnx, models):
    assert medseg("models", "--import", onnx).code == 0
    shipped = read_model_folder(Path(__file__).parents[2] / "models/demo-organs")
    for name in ("demo-organs", "tiny-organs", "nobody", "../net", ""):
        ran = medseg("models", "--remove", name)
        assert ran.code == 2
        assert "net" in ran.err
    assert shipped.path.is_dir()
    ran = medseg("models", "--remove", "net", "--json")
    assert ran.code == 0
    assert ran.document["removed"] == "net"
    assert _mine() == []
    assert medseg("models", "--remove", "net").code == 2


def test_a_damaged_model_can_be_removed_by_the_name_of_its_folder(medseg, onnx):
    assert medseg("models", "--import", onnx).code == 0
    (Folders.of_user().models / "net/SHA256SUMS").unlink()
    assert medseg("models", "--remove", "net").code == 0
    assert _mine() == []
