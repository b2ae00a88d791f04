"""A ZIP is unpacked inside its folder and to its announced size, or not at all."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from medseg_app.core.errors import ModelError
from medseg_app.engines.foreign import archive
from medseg_app.engines.foreign.archive import unpack
from medseg_app.engines.foreign.read_foreign import read_foreign

from .made_bundles import write_bundle


def _zip(path: Path, names: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        for name, data in names.items():
            entry = zipfile.ZipInfo("x")
            entry.filename = name  # as it is: the constructor would clean it
            entry.compress_type = method
            out.writestr(entry, data)
    return path


def _link(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        entry = zipfile.ZipInfo("configs/secret")
        entry.create_system = 3
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        out.writestr(entry, "/etc/passwd")
    return path


def _longer_than_it_says(path: Path) -> Path:
    """Both headers of the entry say 10 bytes; 1000 come out."""
    _zip(path, {"a.txt": b"x" * 1000}, zipfile.ZIP_STORED)
    raw = path.read_bytes().replace(struct.pack("<II", 1000, 1000), struct.pack("<II", 1000, 10))
    path.write_bytes(raw)
    return path


HOSTILE: dict[str, tuple[Callable[[Path], Path], str]] = {
    "up": (lambda p: _zip(p, {"../up.txt": b"x"}), "lead out"),
    "up in the middle": (lambda p: _zip(p, {"a/../../up.txt": b"x"}), "lead out"),
    "absolute": (lambda p: _zip(p, {"/tmp.txt": b"x"}), "lead out"),
    "drive": (lambda p: _zip(p, {"C:/up.txt": b"x"}), "lead out"),
    "backslash": (lambda p: _zip(p, {"..\\up.txt": b"x"}), "lead out"),
    "stream": (lambda p: _zip(p, {"a.txt:hidden": b"x"}), "lead out"),
    "link": (_link, "a link or special file"),
    "twice": (lambda p: _zip(p, {"a.txt": b"x", "A.txt": b"y"}), "two files of one name"),
    "twice by a dot": (lambda p: _zip(p, {"a.txt": b"x", "./a.txt": b"y"}), "two files of one name"),
    "a file as a folder": (lambda p: _zip(p, {"a": b"x", "A/b.txt": b"y"}), "two files of one name"),
    "bomb": (lambda p: _zip(p, {"a.txt": bytes(30_000_000)}), "which no model needs"),
    "many": (lambda p: _zip(p, {f"{n}": b"" for n in range(2001)}), "more than 2000"),
    "longer than it says": (_longer_than_it_says, "not a ZIP file that can be read"),
    "no zip": (lambda p: (p.write_bytes(b"PK\x03\x04 no"), p)[1], "not a ZIP file"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_nothing_lands_outside(name: str, tmp_path: Path) -> None:
    make, words = HOSTILE[name]
    path = make(tmp_path / "model.zip")
    folder = tmp_path / "inner" / "folder"
    folder.mkdir(parents=True)
    with pytest.raises(ModelError, match=words) as caught:
        unpack(path, folder)
    assert "model.zip" in caught.value.message
    assert {p.name for p in tmp_path.rglob("*") if folder not in p.parents} == {
        "inner",
        "folder",
        "model.zip",
    }


def test_too_much_is_refused_before_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 999)
    path = _zip(tmp_path / "m.zip", {"a": b"x" * 500, "b": b"x" * 500})
    (tmp_path / "out").mkdir()
    with pytest.raises(ModelError, match="no model needs"):
        unpack(path, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.usefixtures("uncontained")
def test_a_bundle_in_a_zip_is_read_under_its_own_name(tmp_path: Path) -> None:
    write_bundle(tmp_path / "spleen_ct", weights="model.pt")
    path = tmp_path / "spleen_ct_v0.5.3.zip"
    with zipfile.ZipFile(path, "w") as out:
        for file in (tmp_path / "spleen_ct").rglob("*"):
            if file.is_file():
                out.write(file, file.relative_to(tmp_path).as_posix())
    assert read_foreign(path).card.name == "spleen_ct"


def test_an_error_in_a_zip_names_the_zip(tmp_path: Path) -> None:
    path = _zip(tmp_path / "m.zip", {"configs/metadata.json": b"{}", "configs/inference.json": b"{"})
    with pytest.raises(ModelError, match=r"m\.zip.*inference\.json"):
        read_foreign(path)


def test_a_zip_without_a_model_says_what_is_read(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model that MedSeg knows") as caught:
        read_foreign(_zip(tmp_path / "m.zip", {"a.txt": b"x"}))
    assert "MONAI bundles" in caught.value.hint
