"""The words of the command line: grammar, exit codes, what goes to which stream."""

from __future__ import annotations

import json
import re
import shutil

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from medseg_app.io.formats import read_labels
from medseg_app.phantom import marker_phantom


@pytest.mark.parametrize("words", [["--version"], ["info", "--version"]])
def test_the_version_is_told_before_and_after_the_subcommand(medseg, words):
    ran = medseg(*words)
    assert ran.code == 0
    assert ran.out.startswith("medseg ")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["predict"],
        ["predict", "x"],
        ["predict", "x", "--model", "m", "-o", "y.nii", "--precision", "rough"],
        ["predict", "x", "--model", "m", "-o", "y.nii", "--min-score", "2"],
        ["export", "x"],
        ["info", "x", "--jso"],
        ["evaluate", "a", "b", "--unknown", "x"],
    ],
)
def test_wrong_words_are_exit_2(medseg, words):
    ran = medseg(*words)
    assert ran.code == 2
    assert ran.out == ""


def test_info_prints_one_document_and_nothing_else(medseg, study):
    ran = medseg("info", study, "--json")
    assert ran.code == 0
    (volume,) = ran.document["volumes"]
    assert set(volume) == {
        "id", "modality", "description", "files", "shape_kji", "spacing_kji_mm", "origin_lps_mm",
        "direction", "verdict", "findings",
    }  # fmt: skip
    assert volume["files"] == 12
    assert volume["shape_kji"] == [12, 48, 64]
    assert volume["verdict"] == "ok"
    assert ran.document["left_out"] == []


def test_info_equals_the_series_reader_of_simpleitk(medseg, study):
    volume = medseg("--quiet", "info", study, "--json").document["volumes"][0]
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(study)))
    image = reader.Execute()
    assert volume["shape_kji"] == list(image.GetSize())[::-1]
    assert np.allclose(volume["spacing_kji_mm"], image.GetSpacing()[::-1], atol=1e-4)
    assert np.allclose(volume["origin_lps_mm"], image.GetOrigin(), atol=1e-4)
    assert np.allclose(np.ravel(volume["direction"]), image.GetDirection(), atol=1e-4)


def test_info_names_what_it_left_out(medseg, study, tmp_path):
    shutil.copytree(study, tmp_path / "s")
    (tmp_path / "s" / "notes.txt").write_text("hello")
    ran = medseg("info", tmp_path / "s", "--json")
    assert ran.code == 0
    (left,) = ran.document["left_out"]
    assert left["path"].endswith("notes.txt")
    assert left["reason"]


def test_several_volumes_and_none_named_is_exit_2_with_the_list(medseg, two_series, models, tmp_path):
    out = tmp_path / "o.nii.gz"
    ran = medseg("predict", two_series, "--model", "tiny-organs", "--models", models, "-o", out)
    assert ran.code == 2
    ids = [v["id"] for v in medseg("info", two_series, "--json").document["volumes"]]
    assert all(volume_id in ran.err for volume_id in ids)
    assert not out.exists()
    ran = medseg(
        "predict", two_series, "--series", ids[1], "--model", "tiny-organs", "--models", models, "-o", out
    )
    assert ran.code == 0
    assert out.exists()


def test_models_lists_what_the_cards_say(medseg, models):
    found = medseg("models", "--models", models, "--json").document
    tiny = next(model for model in found if model["name"] == "tiny-organs")
    assert set(tiny) == {"name", "task", "modality", "licence", "size_mb", "figures", "labels"}
    assert tiny["labels"] == {"2": "Liver", "5": "Spleen"}
    assert tiny["modality"] == ["CT"]


def test_predict_writes_the_grid_of_its_source(medseg, study, models, tmp_path):
    outs = [tmp_path / name for name in ("A.NII.GZ", "b.nrrd", "c.mha", "d.json", "e.seg.dcm", "f.medseg")]
    words = [word for out in outs for word in ("-o", out)]
    ran = medseg("predict", study, "--model", "tiny-organs", "--models", models, *words, "--json")
    assert ran.code == 0, ran.err
    document = ran.document
    assert set(document) == {"volume", "model", "device", "precision", "outputs", "segments"}
    assert set(document["model"]) == {"name", "version", "sha256"}
    assert [o["path"] for o in document["outputs"]] == [str(out) for out in outs]
    assert all(o["written"] and o["verified"] for o in document["outputs"])
    values = {segment["value"] for segment in document["segments"]}
    assert values <= {2, 5}
    assert values
    geometry = marker_phantom("oblique")[0].geometry
    image = sitk.ReadImage(str(outs[1]))
    assert image.GetPixelID() == sitk.sitkUInt8
    assert np.allclose(image.GetOrigin(), geometry.origins[0], atol=1e-4)
    assert np.allclose(image.GetSpacing(), geometry.spacing_kji[::-1], atol=1e-4)
    assert set(np.unique(sitk.GetArrayFromImage(image))) - {0} == values
    header = nibabel.load(outs[0]).header
    assert (int(header["qform_code"]), int(header["sform_code"])) == (1, 1)
    on_disk = json.loads(outs[3].read_text())
    assert on_disk["segments"] == document["segments"]


def test_predict_from_nifti_keeps_shape_and_affine(medseg, image, models, tmp_path):
    out = tmp_path / "o.nii.gz"
    ran = medseg("predict", image, "--model", "tiny-organs", "--models", models, "-o", out)
    assert ran.code == 0, ran.err
    assert "modality" in ran.err
    source, written = nibabel.load(image), nibabel.load(out)
    assert written.shape == source.shape
    assert np.allclose(written.affine, source.affine, atol=1e-5)


def test_nothing_found_is_a_success(medseg, study, models, tmp_path):
    outs = [tmp_path / name for name in ("a.nii.gz", "b.seg.dcm", "c.json")]
    words = [word for out in outs for word in ("-o", out)]
    ran = medseg(
        "predict", study, "--model", "tiny-lesions", "--models", models, "--min-score", "1", *words, "--json"
    )
    assert ran.code == 0
    assert "no findings" in ran.err
    assert ran.document["segments"] == []
    seg = ran.document["outputs"][1]
    assert seg["written"] is False
    assert seg["reason"]
    assert not outs[1].exists()
    assert not nibabel.load(outs[0]).get_fdata().any()


def test_findings_are_numbered_by_falling_score(medseg, study, models, tmp_path):
    out = tmp_path / "o.nii.gz"
    ran = medseg(
        "predict",
        study,
        "--model",
        "tiny-lesions",
        "--models",
        models,
        "--min-score",
        "0",
        "-o",
        out,
        "--json",
    )
    rows = ran.document["segments"]
    assert [row["value"] for row in rows] == list(range(1, len(rows) + 1))
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert len({row["name"] for row in rows}) == len(rows)


def test_the_same_input_gives_the_same_voxels(medseg, study, models, tmp_path):
    read = []
    for name in ("a.nii", "b.nii"):
        medseg("predict", study, "--model", "tiny-organs", "--models", models, "-o", tmp_path / name)
        read.append((tmp_path / name).read_bytes())
    assert read[0] == read[1]


@pytest.mark.parametrize(("name", "code"), [("o.xyz", 2), ("o", 2), ("missing/o.nii", 2)])
def test_an_output_that_cannot_be_is_exit_2_before_any_model_runs(
    medseg, study, models, tmp_path, name, code
):
    ran = medseg("predict", study, "--model", "tiny-organs", "--models", models, "-o", tmp_path / name)
    assert ran.code == code
    assert list(tmp_path.iterdir()) == []


def test_dicom_output_without_dicom_source_is_exit_2(medseg, image, models, tmp_path):
    out = tmp_path / "o.seg.dcm"
    ran = medseg("predict", image, "--model", "tiny-organs", "--models", models, "-o", out)
    assert ran.code == 2
    assert "DICOM" in ran.err


def test_a_model_of_another_modality_refuses(medseg, image, models, tmp_path):
    out = tmp_path / "o.nii.gz"
    words = ["predict", image, "--model", "tiny-organs", "--models", models, "-o", out, "--modality", "MR"]
    assert medseg(*words).code == 2


def test_series_all_writes_a_set_per_volume_and_skips_what_is_done(medseg, two_series, models, tmp_path):
    out = tmp_path / "results"
    words = [
        "predict", two_series, "--series", "all", "--model", "tiny-organs", "--models", models,
        "-o", out, "--format", "seg.dcm,nii.gz", "--json",
    ]  # fmt: skip
    ran = medseg(*words)
    assert ran.code == 0, ran.err
    manifest = json.loads((out / "manifest.json").read_text())
    assert len(manifest["volumes"]) == 2
    assert all(entry["state"] == "done" for entry in manifest["volumes"])
    files = sorted(p.name for p in out.iterdir())
    assert len(files) == 5
    again = medseg(*words)
    assert [entry["state"] for entry in again.document["volumes"]] == ["skipped", "skipped"]
    next(out.glob("*.nii.gz")).write_bytes(b"changed")
    states = [entry["state"] for entry in medseg(*words).document["volumes"]]
    assert sorted(states) == ["done", "skipped"]


def test_export_places_labels_onto_their_series(medseg, study, labels, tmp_path):
    outs = [tmp_path / name for name in ("a.seg.dcm", "b.nii.gz", "c.nrrd")]
    words = [word for out in outs for word in ("-o", out)]
    ran = medseg("export", labels, "--source", study, *words, "--json")
    assert ran.code == 0, ran.err
    assert all(o["verified"] for o in ran.document["outputs"])
    truth = marker_phantom("oblique")[1]
    for row, segment in zip(ran.document["segments"], truth.segments, strict=True):
        centre = truth.geometry.to_patient(np.argwhere(truth.mask(segment)).mean(axis=0))
        assert np.allclose(row["centroid_lps_mm"], centre, atol=0.01)


def test_export_chooses_the_series_with_the_same_grid(medseg, two_series, tmp_path):
    from medseg_app.io.nifti import write_labels

    write_labels(marker_phantom("coronal")[1], tmp_path / "l.nii.gz")
    ran = medseg(
        "export", tmp_path / "l.nii.gz", "--source", two_series, "-o", tmp_path / "o.seg.dcm", "--json"
    )
    assert ran.code == 0, ran.err
    info = medseg("info", two_series, "--json").document["volumes"]
    grid = marker_phantom("coronal")[0].geometry
    (same,) = [v for v in info if np.allclose(v["direction"], grid.direction_kji[:, ::-1].ravel(), atol=1e-4)]
    assert ran.document["volume"] == same["id"]


def test_export_takes_a_case(medseg, study, models, tmp_path):
    case = tmp_path / "c.medseg"
    medseg(
        "predict", study, "--model", "tiny-organs", "--models", models, "-o", case, "-o", tmp_path / "a.nii"
    )
    ran = medseg("export", case, "-o", tmp_path / "b.nii")
    assert ran.code == 0, ran.err
    assert (tmp_path / "a.nii").read_bytes() == (tmp_path / "b.nii").read_bytes()


def test_a_case_whose_source_moved_says_so_and_takes_the_new_place(medseg, study, models, tmp_path):
    moving, case = tmp_path / "old", tmp_path / "c.medseg"
    shutil.copytree(study, moving)
    medseg("predict", moving, "--model", "tiny-organs", "--models", models, "-o", case)
    moving.rename(tmp_path / "new")
    ran = medseg("export", case, "-o", tmp_path / "o.nii")
    assert ran.code == 2
    assert "old" in ran.err
    assert not (tmp_path / "o.nii").exists()
    assert medseg("export", case, "--source", tmp_path / "new", "-o", tmp_path / "o.nii").code == 0


def test_overlap_is_refused_with_counts_unless_a_rule_is_given(medseg, study, tmp_path):
    import pydicom

    seg = tmp_path / "two.seg.dcm"
    medseg("export", overlapping(tmp_path), "--source", study, "-o", seg)
    assert len(pydicom.dcmread(seg).SegmentSequence) == 2
    out = tmp_path / "flat.nii.gz"
    ran = medseg("export", seg, "--source", study, "-o", out)
    assert ran.code == 2
    assert any(character.isdigit() for character in ran.err)
    assert not out.exists()
    counts = {}
    for rule, loser in (("first", "Two"), ("last", "One")):
        ran = medseg("export", seg, "--source", study, "-o", out, "--overlap", rule)
        assert ran.code == 3
        assert re.search(rf"left out: .*{loser} lost 400 voxels", ran.err)
        values, sizes = np.unique(nibabel.load(out).get_fdata(), return_counts=True)
        counts[rule] = dict(zip(values.astype(int).tolist(), sizes.tolist(), strict=True))
    assert counts["first"] | {0: 0} == {0: 0, 1: 1350, 2: 1600}
    assert counts["last"] | {0: 0} == {0: 0, 1: 950, 2: 2000}


def test_overlap_in_predict_is_refused_with_a_remedy_that_predict_has(
    medseg, study, models, tmp_path, monkeypatch
):
    both = read_labels(overlapping(tmp_path))
    monkeypatch.setattr("medseg_app.engines.to_label_map.to_label_map", lambda *_: both)
    words = ["predict", study, "--model", "tiny-organs", "--models", models]
    ran = medseg(*words, "-o", tmp_path / "o.nii", "--json")
    assert ran.code == 2
    assert "400 voxels" in ran.document["error"]["message"]
    assert "--overlap" not in ran.err
    assert "Write .seg.dcm or .seg.nrrd" in ran.document["error"]["hint"]
    outs = [tmp_path / name for name in ("o.seg.dcm", "o.seg.nrrd", "o.medseg")]
    assert medseg(*words, *[word for out in outs for word in ("-o", out)]).code == 0, "the remedy works"


def test_a_case_is_not_written_without_the_images_that_it_is_about(medseg, study, labels, tmp_path):
    out = tmp_path / "c.medseg"
    ran = medseg("export", labels, "-o", tmp_path / "o.nii", "-o", out)
    assert ran.code == 2
    assert "--source" in ran.err
    assert list(tmp_path.iterdir()) == []
    assert medseg("export", labels, "--source", study, "-o", out).code == 0
    assert medseg("export", out, "-o", tmp_path / "o.nii").code == 0


def overlapping(folder):
    from medseg_app.core.label_map import LabelMap
    from medseg_app.core.segment import Segment
    from medseg_app.io.nrrd import write_labels

    truth = marker_phantom("oblique")[1]
    first = np.zeros(truth.geometry.shape, np.uint8)
    second = first.copy()
    first[2:8, 5:20, 5:20] = 1
    second[4:9, 10:30, 10:30] = 1
    path = folder / "two.seg.nrrd"
    segments = (Segment(1, "One", 1, 0), Segment(2, "Two", 1, 1))
    write_labels(LabelMap((first, second), truth.geometry, segments), path)
    return path


def test_evaluate_of_the_same_file_is_perfect(medseg, labels):
    ran = medseg("evaluate", labels, labels, "--json", "--unknown", "2")
    assert ran.code == 0, ran.err
    assert set(ran.document) == {"labels", "findings", "mean"}
    assert set(ran.document["labels"]) == {"1", "3", "4"}
    for row in ran.document["labels"].values():
        assert row["dice"] == row["iou"] == 1.0
        assert row["volume_error_ml"] == 0.0


def test_evaluate_matches_seg_by_label(medseg, study, labels, tmp_path):
    seg = tmp_path / "s.seg.dcm"
    medseg("export", labels, "--source", study, "-o", seg)
    ran = medseg("evaluate", seg, seg, "--json")
    assert ran.code == 0, ran.err
    assert all(row["dice"] == 1.0 for row in ran.document["labels"].values())


def test_evaluate_of_different_grids_is_exit_2(medseg, labels, tmp_path):
    from medseg_app.io.nifti import write_labels

    write_labels(marker_phantom("axial")[1], tmp_path / "other.nii.gz")
    assert medseg("evaluate", labels, tmp_path / "other.nii.gz").code == 2


def test_replay_leads_to_the_same_labels(medseg, journal, tmp_path):
    out = tmp_path / "o.nii.gz"
    ran = medseg("replay", journal, "-o", out, "--json")
    assert ran.code == 0, ran.err
    (step,) = ran.document["steps"]
    assert (step["name"], step["reader"], step["tool"]) == ("Brush", "Dr A", "brush")
    assert int((nibabel.load(out).get_fdata() > 0).sum()) == 64
    ran = medseg("replay", journal, "-o", tmp_path / "c.medseg")
    assert ran.code == 2, "a journal knows no images"
    assert "--source" in ran.err
    assert not (tmp_path / "c.medseg").exists()
