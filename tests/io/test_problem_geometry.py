"""Whoever exports onto images whose geometry is a problem is told so, in the words of the passport."""

from __future__ import annotations

from pathlib import Path

import pytest

from medseg_app.app.export_files import export_files
from medseg_app.io.dicom.scan import scan_folder
from medseg_app.io.dicom.volume import load_volume
from medseg_app.io.formats import export_labels

from .dicom.small_series import positions, stack, write
from .made_labels import labels_on

PLACES = positions()
ODD = {
    "gap": (stack(places=PLACES[[0, 1, 2, 3, 5, 6, 7]]), "missing"),
    "tilt": (stack(places=PLACES + [[0, k, 0] for k in range(12)]), "tilted"),
    "no spacing": (stack(PixelSpacing=[0, 0]), "spacing"),
    "sound": (stack(), ""),
}


@pytest.mark.parametrize("name", ODD)
def test_the_passport_speaks_when_labels_are_exported(tmp_path: Path, name: str) -> None:
    images, word = ODD[name]
    series = write(images, tmp_path / "series")
    (info,) = scan_folder(series).volumes
    volume = load_volume(info)
    export_labels(labels_on(volume.geometry), volume, tmp_path / "in.seg.dcm")
    done = export_files(tmp_path / "in.seg.dcm", [tmp_path / "out.seg.dcm"], series)
    told = [text for text in done.remarks if text.startswith("Geometry of the source")]
    assert [word in text for text in told] == ([True] if word else [])
