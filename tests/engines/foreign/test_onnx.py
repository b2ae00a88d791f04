"""ONNX files are imported with a card, run by OpenVINO, and refused where they reach for other files."""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg_app.app.import_model import import_model
from medseg_app.core.errors import ModelError
from medseg_app.core.volume import Volume
from medseg_app.engines.checksums import CHECKSUMS, write_checksums
from medseg_app.engines.foreign.read_foreign import read_foreign
from medseg_app.engines.model_folder import CARD, read_model_folder
from medseg_app.engines.onnx_scan import scan_onnx
from medseg_app.engines.predict import predict

from ..grids import AXIAL, grid  # noqa: TID252
from .made_onnx import (
    ANY,
    convolution,
    external_tensor,
    field,
    kernel,
    model,
    node,
    segmenting,
    softmaxed,
    tensor,
)  # fmt: skip
from .made_programs import CARD as TOML


def _write(path: Path, data: bytes, card: str = TOML) -> Path:
    path.write_bytes(data)
    if card:
        path.with_suffix(".toml").write_text(card)
    return path


def _bright_box() -> tuple[Volume, np.ndarray]:
    """Above the middle of the card's window in a box only."""
    geometry = grid((20, 24, 18), AXIAL * [2.0, 1.5, 1.5])
    voxels = np.full(geometry.shape, -900, np.int16)
    voxels[5:12, 6:20, 3:15] = 250
    return Volume(voxels, geometry, "1", "CT"), voxels > 100


@pytest.mark.parametrize(
    "data", [segmenting(), segmenting((1, 1, 16, 16, 16)), segmenting(("n", "c", 16, 16, 16))]
)
def test_an_onnx_file_marks_what_its_network_marks(data: bytes, tmp_path: Path) -> None:
    made = import_model(_write(tmp_path / "net.onnx", data), models=tmp_path / "models")
    folder = read_model_folder(made.folder)
    assert (folder.card.engine, folder.card.version, folder.card.licence) == ("onnx", "1.2", "CC-BY-4.0")
    assert folder.card.size == len(data)
    volume, truth = _bright_box()
    (candidate,) = predict(volume, folder, device="cpu").candidates
    mine = np.zeros(truth.shape, bool)
    mine[candidate.box.slices] = candidate.mask
    np.testing.assert_array_equal(mine, truth)


def test_probabilities_are_taken_as_such(tmp_path: Path) -> None:
    volume, _ = _bright_box()
    scores = {}
    for output, data in (("logits", segmenting()), ("probabilities", softmaxed())):
        card = f"output = '{output}'\n{TOML}"
        made = import_model(_write(tmp_path / f"{output}.onnx", data, card), models=tmp_path / "models")
        (candidate,) = predict(volume, read_model_folder(made.folder), device="cpu").candidates
        scores[output] = candidate.score
    assert scores["logits"] == pytest.approx(scores["probabilities"], abs=1e-3)
    assert 0.5 < scores["logits"] < 0.99


WEIGHTS = tensor("w", kernel())
OUTSIDE = external_tensor("w", (2, 1, 3, 3, 3), "../../etc/secret")
HIDDEN = field(5, field(1, "value") + field(5, OUTSIDE) + field(20, 4))
BRANCH = field(5, field(1, "then_branch") + field(6, field(5, OUTSIDE)) + field(20, 5))
REFUSED = {
    "weights elsewhere": (model([convolution()], [OUTSIDE], ANY, 2), "other files"),
    "in an attribute": (model([convolution(HIDDEN)], [WEIGHTS], ANY, 2), "other files"),
    "in a branch": (model([node("If", ("image",), "answer", BRANCH)], [WEIGHTS], ANY, 2), "other files"),
    "in a sparse tensor": (segmenting() + field(7, field(15, field(1, OUTSIDE))), "other files"),
    "in a function": (segmenting() + field(25, field(7, convolution(HIDDEN))), "other files"),
    "foreign operator": (model([convolution(domain="com.evil")], [WEIGHTS], ANY, 2), "com.evil"),
    "text": (b"no onnx at all", "not ONNX"),
    "nothing": (b"", "not ONNX"),
    "cut": (segmenting()[:-30], "not ONNX|cannot be converted"),
    "endless number": (b"\xff" * 40, "not ONNX"),
    "group": (field(1, 8) + b"\x0b", "not ONNX"),
    "unknown operator": (model([node("Banana", ("image",), "answer")], [], ANY, 2), "cannot be converted"),
    "weights that are no numbers": (
        model([convolution()], [tensor("w", np.full_like(kernel(), np.nan))], ANY, 2),
        "not numbers",
    ),
    "flat images": (segmenting((1, 1, "j", "i")), "cannot be converted"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_and_why(name: str, tmp_path: Path) -> None:
    data, words = REFUSED[name]
    with pytest.raises(ModelError, match=words) as caught:
        import_model(_write(tmp_path / "net.onnx", data), models=tmp_path / "models")
    assert "net.onnx" in caught.value.message
    assert caught.value.hint
    assert not (tmp_path / "models").exists() or os.listdir(tmp_path / "models") == []  # noqa: PTH208


def test_a_graph_of_one_tile_size_asks_for_it_in_the_card(tmp_path: Path) -> None:
    card = TOML.replace("tile = [16, 16, 16]", "")
    path = _write(tmp_path / "net.onnx", segmenting((1, 1, 16, 16, 16)), card)
    with pytest.raises(ModelError, match=r"state it as grid\.tile"):
        read_foreign(path)


def test_deep_nesting_is_refused_and_not_followed() -> None:
    graph = b""
    for _ in range(400):
        graph = field(1, field(5, field(6, graph)))
    with pytest.raises(ModelError, match="nested too deeply"):
        scan_onnx(field(7, graph))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_end_in_words(data: bytes) -> None:
    with suppress(ModelError):
        scan_onnx(data)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_file_ends_in_words_too(data: st.DataObject) -> None:
    raw = bytearray(segmenting())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ModelError):
        scan_onnx(bytes(raw))


CARDS = {
    "none": ("", r"no card net\.toml or net\.json"),
    "not toml": ("a = ", "not valid TOML"),
    "no labels": (TOML.replace('1 = "Liver"', ""), "labels|class values"),
    "no modality": (TOML.replace('modality = ["CT"]', ""), "modality"),
    "misspelt": (TOML.replace("licence", "license"), "license"),
    "chooses its engine": (f"engine = 'unet'\n{TOML}", "engine cannot be chosen"),
    "chooses its file": (f"weights = '../x.onnx'\n{TOML}", "weights cannot be chosen"),
    "chooses its hash": (f"sha256 = 'x'\n{TOML}", "sha256 cannot be chosen"),
    "strange output": (f"output = 'boxes'\n{TOML}", "output cannot be chosen"),
    "no preprocessing": (TOML.partition("[[")[0], "preprocessing|not understood"),
    "other classes": (TOML.replace('1 = "Liver"', '1 = "A"\n2 = "B"'), "answers with the shape"),
    "huge tile": (TOML.replace("[16, 16, 16]", "[4096, 4096, 4096]"), "a tile holds"),
    "name with a path": (f"name = '../x'\n{TOML}", "name"),
    "date": (f"figures = {{ day = 2001-01-01 }}\n{TOML}", "no word and no number"),
}


@pytest.mark.parametrize("name", CARDS)
def test_a_card_that_does_not_say_enough_is_refused(name: str, tmp_path: Path) -> None:
    card, words = CARDS[name]
    with pytest.raises(ModelError, match=words):
        import_model(_write(tmp_path / "net.onnx", segmenting(), card), models=tmp_path / "models")


def test_a_card_in_json_says_the_same(tmp_path: Path) -> None:
    path = _write(tmp_path / "net.onnx", segmenting())
    expected = read_foreign(path).card
    path.with_suffix(".toml").unlink()
    same = {
        "modality": ["CT"], "version": "1.2", "licence": "CC-BY-4.0", "labels": {"1": "Liver"},
        "grid": {"orientation": "SPL", "tile": [16, 16, 16]},
        "preprocessing": {"channels": {"CT": [{"kind": "window", "low": -100, "high": 300}]}},
    }  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(same))
    assert read_foreign(path).card == expected


def test_the_card_that_is_shown_in_the_decision_is_one(tmp_path: Path) -> None:
    decision = Path(__file__).parents[3] / "docs/adr/0012-models-of-other-programs.md"
    (shown,) = re.findall(r"```toml\n(.*?)```", decision.read_text(encoding="utf-8"), re.DOTALL)
    card = read_foreign(_write(tmp_path / "net.onnx", segmenting(), shown)).card
    assert card.grid.tile == (96, 96, 96)


def _imported(tmp_path: Path) -> Path:
    return import_model(_write(tmp_path / "net.onnx", segmenting()), models=tmp_path / "models").folder


def _sign_again(folder: Path) -> None:
    names = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    write_checksums(folder, [name for name in names if name != CHECKSUMS])


def test_a_graph_that_was_put_into_a_folder_is_scanned_again_before_it_is_run(tmp_path: Path) -> None:
    folder = _imported(tmp_path)
    (folder / "models/model.onnx").write_bytes(REFUSED["weights elsewhere"][0])
    _sign_again(folder)
    with pytest.raises(ModelError, match="other files"):
        predict(_bright_box()[0], read_model_folder(folder), device="cpu")


def test_a_second_graph_in_a_folder_is_refused(tmp_path: Path) -> None:
    folder = _imported(tmp_path)
    (folder / "models/other.onnx").write_bytes(segmenting())
    _sign_again(folder)
    with pytest.raises(ModelError, match=r"other\.onnx is a graph that the card .* does not name"):
        read_model_folder(folder)


@pytest.mark.parametrize("weights", ["models/model.safetensors", "models/model.pt", "docs/README.md"])
def test_an_onnx_card_names_an_onnx_file(weights: str, tmp_path: Path) -> None:
    folder = _imported(tmp_path)
    data = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**data, "weights": weights}))
    _sign_again(folder)
    with pytest.raises(ModelError, match=r"missing or not a file of kind \.onnx"):
        read_model_folder(folder)


def test_only_the_onnx_engine_reads_onnx(tmp_path: Path) -> None:
    folder = _imported(tmp_path)
    data = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**data, "engine": "unet"}))
    _sign_again(folder)
    with pytest.raises(ModelError, match=r"not a file of kind \.safetensors"):
        read_model_folder(folder)
