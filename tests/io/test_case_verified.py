"""A case that does not hold what was marked is caught before it takes the name of the last good one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from medseg_app.app.case_output import case_of
from medseg_app.core.case import Case, Ruler
from medseg_app.core.errors import VerificationError
from medseg_app.io import case_file

from .made_labels import labels_on
from .made_series import grids, make_series

Header = dict[str, Any]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    volume = make_series(tmp_path / "series", grids()["oblique"])
    made = case_of(labels_on(volume.geometry), volume)
    made.rulers.append(Ruler((0.0, 1.0, 2.0), (3.0, 4.0, 5.0)))
    return made


def _shifted(header: Header) -> Header:
    grid = header["volume"]["geometry"]
    moved = (np.array(grid["origins_lps_mm"]) + 0.5 * np.array(grid["i_step_mm"])).tolist()
    return header | {"volume": header["volume"] | {"geometry": grid | {"origins_lps_mm": moved}}}


def _without_segment(header: Header) -> Header:
    return header | {"segments": header["segments"][:-1]}


@pytest.mark.parametrize("change", [_shifted, _without_segment])
def test_a_wrong_description_is_caught(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Header], Header]
) -> None:
    header = case_file._header
    monkeypatch.setattr(case_file, "_header", lambda path, case: change(header(path, case)))
    _is_refused(case, tmp_path / "c.medseg")


def test_a_lost_voxel_is_caught(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = case_file._pack

    def loses_one(array: np.ndarray) -> bytes:
        less = array.copy()
        less.flat[np.flatnonzero(less)[:1]] = 0
        return pack(less)

    monkeypatch.setattr(case_file, "_pack", loses_one)
    _is_refused(case, tmp_path / "c.medseg")


@pytest.mark.parametrize("whole", [0, 100])
def test_a_file_that_cannot_be_opened_is_caught(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: int
) -> None:
    read = case_file.read_case_file

    def cut_off(path: Path) -> Any:
        path.write_bytes(path.read_bytes()[:whole])
        return read(path)

    monkeypatch.setattr(case_file, "read_case_file", cut_off)
    _is_refused(case, tmp_path / "c.medseg")


def _is_refused(case: Case, path: Path) -> None:
    path.write_bytes(b"the last good one")
    with pytest.raises(VerificationError, match=r"c\.medseg did not read back as it was"):
        case_file.write_case_file(path, case)
    assert path.read_bytes() == b"the last good one"
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["c.medseg", "series"]


def test_a_sound_case_is_taken(case: Case, tmp_path: Path) -> None:
    for deidentify in (False, True):
        case_file.write_case_file(tmp_path / "c.medseg", case, deidentify=deidentify)
        assert case_file.read_case_file(tmp_path / "c.medseg").rulers == tuple(case.rulers)
