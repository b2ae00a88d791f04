"""Folders and files whose names are in no UTF-8, as old disks hold them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from medseg_app.io import metaimage
from medseg_app.io.dicom import verify_seg
from medseg_app.io.formats import export_labels, read_labels
from medseg_app.io.itk_name import itk_name

from .made_labels import labels_on
from .made_series import grids, make_series

LATIN_1 = os.fsdecode(b"Sch\xe4del")

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="file names of this system are UTF-8"
)


@pytest.mark.parametrize("name", ["labels.nii.gz", f"{LATIN_1}.nii", f"{LATIN_1}.nrrd", f"{LATIN_1}.mha"])
def test_labels_of_such_a_name_are_verified_and_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / LATIN_1
    folder.mkdir()
    volume = make_series(tmp_path / "series", grids()["axial"])
    labels = labels_on(volume.geometry)
    assert export_labels(labels, volume, folder / name).verified
    np.testing.assert_array_equal(read_labels(folder / name).layers[0], labels.layers[0])


def test_a_seg_is_verified_where_only_such_a_folder_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / LATIN_1
    folder.mkdir()
    volume = make_series(tmp_path / "series", grids()["axial"])
    monkeypatch.setattr(verify_seg, "_roomy_folder", lambda path, labels: path.parent)
    assert export_labels(labels_on(volume.geometry), volume, folder / "labels.seg.dcm").verified


def test_a_header_finds_the_file_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / LATIN_1
    folder.mkdir()
    header = (
        "ObjectType = Image\nNDims = 3\nDimSize = 3 2 4\nElementType = MET_UCHAR\nElementDataFile = v.raw\n"
    )
    (folder / "v.mhd").write_text(header)
    (folder / "v.raw").write_bytes(bytes(range(24)))
    assert metaimage.read_image(folder / "v.mhd").voxels.ravel().tolist() == list(range(24))


def test_a_usual_name_is_given_as_it_is(tmp_path: Path) -> None:
    with itk_name(tmp_path / "Schädel.mha") as name:
        assert name == str(tmp_path / "Schädel.mha")
