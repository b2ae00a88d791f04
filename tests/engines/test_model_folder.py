"""A model folder comes back as it was written, and a hostile or damaged one is refused by name."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from medseg_app.core.errors import ModelError
from medseg_app.core.segment import Code
from medseg_app.engines import model_folder_writer
from medseg_app.engines.checksums import CHECKSUMS, sha256_of, write_checksums
from medseg_app.engines.model_card import LabelClass, ModelCard, ModelGrid, Network
from medseg_app.engines.model_folder import CARD, METADATA, read_model_folder
from medseg_app.engines.model_folder_writer import write_model_folder

WEIGHTS = b"\x02\x00\x00\x00\x00\x00\x00\x00{}"
LIVER = LabelClass("Liver", (200, 120, 80), type=Code("10200004", "SCT", "Liver"))
CARD_VALUES = ModelCard(
    name="demo-organs",
    version="1.0.0",
    engine="unet",
    task="semantic",
    modality=("CT",),
    licence="Apache-2.0",
    labels={2: LIVER, 7: LabelClass("Left kidney", (1, 2, 3), region=Code("64033007", "SCT", "Kidney"))},
    network=Network("BasicUNet", {"spatial_dims": 3, "in_channels": 1, "out_channels": 8}),
    grid=ModelGrid("SPL", (3.0, 2.0, 2.0), ((2.0, 4.0), (1.5, 2.5), (1.5, 2.5))),
    preprocessing={"channels": [{"window": [-100, 200]}]},
    figures={"dice": {"Liver": 0.9}},
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model_folder(tmp_path / "demo", CARD_VALUES, WEIGHTS)
    return tmp_path / "demo"


def test_card_comes_back_as_it_was_written(folder: Path) -> None:
    model = read_model_folder(folder)
    assert model.card == replace(CARD_VALUES, sha256=sha256_of(WEIGHTS), size=len(WEIGHTS))
    assert model.weights() == WEIGHTS
    assert sorted(p.name for p in folder.parent.iterdir()) == ["demo"]


def test_replacing_a_folder_leaves_only_the_new_one(folder: Path) -> None:
    write_model_folder(folder, replace(CARD_VALUES, version="2.0.0"), WEIGHTS)
    assert read_model_folder(folder).card.version == "2.0.0"
    assert sorted(p.name for p in folder.parent.iterdir()) == ["demo"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems cannot exchange names")
def test_a_reader_finds_a_whole_model_while_it_is_replaced(folder: Path) -> None:
    done, missing = threading.Event(), []

    def look() -> None:
        while not done.is_set():
            if not (folder / CARD).exists():
                missing.append(1)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(60):
            write_model_folder(folder, replace(CARD_VALUES, version=f"{number}"), WEIGHTS)
    finally:
        done.set()
        reader.join()
    assert not missing
    assert read_model_folder(folder).card.version == "59"
    assert sorted(p.name for p in folder.parent.iterdir()) == ["demo"]


def test_a_system_that_cannot_exchange_names_replaces_in_two_steps(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_folder_writer, "exchange_names", lambda *_: False)
    write_model_folder(folder, replace(CARD_VALUES, version="2.0.0"), WEIGHTS)
    assert read_model_folder(folder).card.version == "2.0.0"
    assert sorted(p.name for p in folder.parent.iterdir()) == ["demo"]


@pytest.mark.parametrize("name", [CARD, METADATA, "docs/README.md", "LICENSE"])
def test_a_small_file_changed_by_one_byte_is_refused_by_name(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes().replace(b"e", b"E", 1))
    with pytest.raises(ModelError) as caught:
        read_model_folder(folder)
    assert Path(name).name in caught.value.message
    assert caught.value.hint


def test_a_changed_byte_anywhere_in_the_checksum_list_is_noticed(folder: Path) -> None:
    path = folder / CHECKSUMS
    raw = path.read_bytes()
    for position in range(0, len(raw), 7):
        path.write_bytes(raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :])
        with pytest.raises(ModelError):
            read_model_folder(folder).weights()


def test_changed_weights_are_refused_before_they_are_used(folder: Path) -> None:
    (folder / "models/model.safetensors").write_bytes(WEIGHTS + b" ")
    with pytest.raises(ModelError, match=r"model\.safetensors was changed"):
        read_model_folder(folder).weights()


def _card(change: Callable[[dict], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        data = json.loads((folder / CARD).read_text())
        change(data)
        (folder / CARD).write_text(json.dumps(data))

    return apply


def _put(name: str, data: bytes = b"x") -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return apply


def _link_out(folder: Path) -> None:
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "docs" / "secret.txt").symlink_to(folder.parent / "secret.txt")


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "monai target": (_card(lambda d: d["network"].update(_target_="os.system")), "run code"),
    "expression": (_card(lambda d: d["preprocessing"].update(x="$import os")), "run code"),
    "expression in metadata": (_put(METADATA, b'{"a": ["$x"]}'), "run code"),
    "pickle": (_put("models/model.pt"), "model.pt is pickled data"),
    "torchscript": (_put("models/model.TS"), "a program"),
    "logging.conf": (_put("configs/logging.conf"), "a program"),
    "weights outside": (_card(lambda d: d.update(weights="../../secret.safetensors")), "outside"),
    "weights by drive": (_card(lambda d: d.update(weights="C:/x.safetensors")), "outside"),
    "symlink out": (_link_out, "outside"),
    "unknown key": (_card(lambda d: d.update(tsak="semantic")), "tsak"),
    "unknown task": (_card(lambda d: d.update(task="guess")), "task"),
    "background as class": (_card(lambda d: d.update(labels={"0": d["labels"]["2"]})), "1..65535"),
    "letters that steer a terminal": (_card(lambda d: d.update(licence="MIT\x1b[2J")), "printable"),
    "newer format": (_card(lambda d: d.update(schema_version=2)), "format 2"),
    "bad orientation": (_card(lambda d: d["grid"].update(orientation="SPP")), "orientation"),
    "not json": (_put(CARD, b"{"), "not a valid JSON"),
    "doubled key": (_put(CARD, b'{"name": 1, "name": 2}'), "twice"),
    "nan": (_put(CARD, b'{"name": NaN}'), "NaN"),
    "not utf-8": (_put(CARD, b"\xff\xfe"), "UTF-8"),
    "too large": (_put(CARD, b" " * 1_000_001), "larger than 1 MB"),
    "deep": (_put(CARD, b'{"a":' * 40 + b"1" + b"}" * 40), "nested"),
    "very deep": (_put(CARD, b"[" * 100_000), "not a valid JSON"),
    "no checksums": (lambda folder: (folder / CHECKSUMS).unlink(), "checksums"),
    "no weights": (lambda folder: (folder / "models/model.safetensors").unlink(), "missing"),
    "no card": (lambda folder: (folder / CARD).unlink(), "cannot be read"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("hashes", ["as written", "made anew by the attacker"])
def test_hostile_folders_are_refused_with_the_reason(folder: Path, name: str, hashes: str) -> None:
    change, words = HOSTILE[name]
    change(folder)
    if hashes != "as written" and (folder / CHECKSUMS).exists():
        files = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
        write_checksums(folder, [f for f in files if f != CHECKSUMS])
    with pytest.raises(ModelError, match=words) as caught:
        read_model_folder(folder)
    assert caught.value.hint


def test_a_file_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        read_model_folder(tmp_path / "nothing")


def test_an_unsound_card_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="class values"):
        write_model_folder(tmp_path / "demo", replace(CARD_VALUES, labels={}), WEIGHTS)
    assert not list(tmp_path.iterdir())
