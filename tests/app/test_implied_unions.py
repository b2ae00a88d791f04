"""A file of one layer is compared with one that holds the body too: it could not hold it beside its parts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import medseg_app as ms
from medseg_app.app.evaluate import evaluate
from medseg_app.core.geometry import VolumeGeometry
from medseg_app.core.label_map import LabelMap
from medseg_app.core.segment import Segment
from medseg_app.core.volume import Volume

SHAPE = (3, 6, 7)
GEOMETRY = VolumeGeometry.regular(SHAPE, np.eye(4))
FAT, BONE = Segment(1, "Fat", 1), Segment(2, "Bone", 2)
BODY = Segment(3, "Body", 5, group=1)


def written(folder: Path, *names: str, lost: int = 0) -> list[Path]:
    """Tissues and body in these formats; of the first `lost` rows of fat nothing was found."""
    tissues = np.zeros(SHAPE, np.uint8)
    tissues[:, lost:4], tissues[1, 4] = 1, 2
    body = np.where(tissues > 0, np.uint8(5), np.uint8(0))
    labels = LabelMap((tissues, body), GEOMETRY, (FAT, BONE, BODY))
    volume = Volume(tissues.astype(np.int16), GEOMETRY, "1.2.3", "CT")
    folder.mkdir(exist_ok=True)
    for name in names:
        assert ms.export(labels, volume, folder / name).verified
    return [folder / name for name in names]


@pytest.mark.parametrize("file", ["a.nii.gz", "a.mha", "a.nrrd"])
def test_the_body_is_its_parts_in_a_file_of_one_layer(tmp_path: Path, file: str) -> None:
    flat, layered = written(tmp_path, file, "b.seg.nrrd")
    for pair in ((flat, layered), (layered, flat)):
        done = evaluate(*pair)
        assert {row["dice"] for row in done.document["labels"].values()} == {1.0}
        assert done.document["labels"]["5"]["name"] == "Body"
        (remark,) = done.remarks
        assert remark.startswith("taken as its parts together")
        assert remark.endswith(": Body")


def test_it_is_wrong_where_its_parts_are(tmp_path: Path) -> None:
    (flat,) = written(tmp_path / "found", "a.nii.gz", lost=1)
    (layered,) = written(tmp_path / "true", "a.seg.nrrd")
    labels = ms.evaluate(flat, layered)["labels"]
    assert labels["5"]["dice"] == pytest.approx(2 * 70 / (70 + 91))


def test_folders_say_it_once(tmp_path: Path) -> None:
    written(tmp_path / "found", "a.nii.gz", "b.nii.gz")
    written(tmp_path / "true", "a.seg.nrrd", "b.seg.nrrd")
    done = evaluate(tmp_path / "found", tmp_path / "true")
    assert [case["labels"]["5"]["dice"] for case in done.document["cases"].values()] == [1.0, 1.0]
    assert done.remarks[-1].endswith(": Body (in 2 of 2 cases)")


def test_without_its_parts_or_in_a_file_that_could_hold_it_the_body_is_missed(tmp_path: Path) -> None:
    (layered,) = written(tmp_path, "b.seg.nrrd")
    empty = np.zeros(SHAPE, np.uint8)
    volume = Volume(empty.astype(np.int16), GEOMETRY, "1.2.3", "CT")
    strange, two = tmp_path / "strange.nii.gz", tmp_path / "two.seg.nrrd"
    one = np.full(SHAPE, 9, np.uint8)
    ms.export(LabelMap((one,), GEOMETRY, (replace(FAT, value=9),)), volume, strange)
    both = LabelMap((one, one), GEOMETRY, (replace(FAT, value=9), replace(BONE, value=8, group=1)))
    both.layers[1][...] = 8
    ms.export(both, volume, two)
    for file in (strange, two):
        assert ms.evaluate(file, layered)["labels"]["5"]["dice"] == 0.0
