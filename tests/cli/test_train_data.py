"""`medseg train` on what people have: it says what it took for granted of the data, and so does the card."""

from __future__ import annotations

import json

import pytest

from medseg_app.engines.model_folder import read_model_folder
from tests.training.marked_cases import write_marked_case
from tests.training.test_fingerprint import nnunet
from tests.training.test_image_folders import folders
from tests.training.tiny import write_recipe

SHORT = ("--max-minutes", "0.001", "--device", "cpu", "--json")


def test_a_plain_folder_is_trained_as_it_is_told_to_be_read(medseg, tmp_path):
    data, out = folders(tmp_path / "data"), tmp_path / "m"
    names = {f"p{number}.nii.gz": f"Doe {min(number, 3)}" for number in range(5)}
    (data / "patients.json").write_text(json.dumps(names))
    ran = medseg("train", data, "-o", out, "--task", "semantic", "--absent", "unknown", *SHORT)
    assert ran.code == 0, ran.err
    said = (
        "5 cases of data, taken for CT by their values (--modality says otherwise)",
        "a class without a voxel in a case was not looked for in it",
        "split by patient, as patients.json names them (4 to learn from, 0 kept back)",
    )
    for text in said:
        assert f"note: {text}\n" in ran.err
        assert ran.err.index(text) < ran.err.index("reading")
    assert read_model_folder(out).card.data == "; ".join(said)
    written = "".join(path.read_text(errors="ignore") for path in out.rglob("*") if path.is_file())
    assert "Doe" not in written


def test_cases_are_measured_as_they_were_learnt(medseg, tmp_path):
    """Nobody looked for a rod in the case that is kept back, so the card says nothing of rods."""
    data, out = tmp_path / "data", tmp_path / "m"
    for number in range(5):
        segments = ("Block",) if number == 4 else ("Block", "Rod")
        write_marked_case(data / f"{number}.medseg", segments, seed=number, patient=number)
    write_marked_case(data / "unmarked.medseg", (), seed=9, patient=9)
    ran = medseg("train", data, "-o", out, *SHORT)
    assert ran.code == 0, ran.err
    assert "note: a class without a segment in a case was not looked for in it\n" in ran.err
    assert "note: left out: unmarked.medseg CT\n" in ran.err
    card = read_model_folder(out).card
    assert card.figures["classes"]["Block"]["patients"] == 1
    assert card.figures["classes"]["Rod"]["patients"] == 0
    assert "so 1 case is left out; split by patient, as DICOM tells them" in card.data
    assert "unmarked" not in card.data
    measured = medseg("measure", data, "--model", out, "--device", "cpu", "--json")
    assert measured.document["figures"] == card.figures


def test_unknown_classes_of_the_model_begun_with_are_named(medseg, tmp_path):
    data, base = folders(tmp_path / "data"), tmp_path / "base"
    assert medseg("train", data, "-o", base, *SHORT).code == 0
    _without_rods(data)
    ran = medseg("train", data, "--from", base, "-o", tmp_path / "m", *SHORT)
    assert ran.code == 0, ran.err
    assert "but nobody looked for Label 2 in any" in ran.err
    card = read_model_folder(tmp_path / "m").card
    assert "nobody looked for Label 2" in card.data
    assert card.figures["classes"]["Label 2"]["patients"] == 0


def _without_rods(data):
    import nibabel
    import numpy as np

    for path in (data / "masks").iterdir():
        image = nibabel.load(path)
        voxels = np.asarray(image.dataobj)
        nibabel.save(nibabel.Nifti1Image(np.where(voxels == 1, 1, 0).astype(np.uint8), image.affine), path)


def _regions(folder):
    nnunet(folder)
    description = {"channel_names": {"0": "CT"}, "labels": {"background": 0, "whole": [1, 2], "core": 2}}
    (folder / "dataset.json").write_text(json.dumps(description))
    return folder


def _pictures(folder):
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.png").write_bytes(b"picture")
    return folder


@pytest.mark.parametrize(
    ("data", "words", "said"),
    [
        (_regions, (), "regions of several values (whole)"),
        (_pictures, (), "read with COCO's annotations only"),
        (lambda folder: write_recipe(folders(folder)), ("--modality", "MR"), "names the modality itself"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_with_a_hint(medseg, tmp_path, data, words, said):
    ran = medseg("train", data(tmp_path / "data"), "-o", tmp_path / "m", *words, *SHORT)
    assert ran.code == 2
    assert said in ran.document["error"]["message"]
    assert ran.document["error"]["hint"]
    assert not (tmp_path / "m").exists()
