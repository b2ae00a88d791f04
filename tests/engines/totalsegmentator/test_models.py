"""The models of TotalSegmentator: there with the package, told of without it, and never without weights."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest

from medseg_app.app.model_store import verify_models
from medseg_app.app.recipes import model_of
from medseg_app.cli.main import main
from medseg_app.core.errors import ModelError
from medseg_app.core.segment import ABNORMAL, ANATOMY, Code
from medseg_app.engines.checksums import sha256_of_files
from medseg_app.engines.registry import find_model, search_models
from medseg_app.engines.totalsegmentator.labels import name_in_words
from medseg_app.engines.totalsegmentator.offered import offer_of
from medseg_app.engines.totalsegmentator.weights import require_weights, weight_files
from medseg_app.ui.panels.model_card_view import card_lines

from .conftest import FAKE, Fake

LEFT, RIGHT = Code("7771000", "SCT", "Left"), Code("24028007", "SCT", "Right")


def test_models_come_with_the_package(fake: Fake) -> None:
    cards = {m.card.name: m.card for m in search_models().models if m.package == "TotalSegmentator"}
    assert list(cards) == [
        "totalsegmentator-total", "totalsegmentator-total-fast", "totalsegmentator-total_mr",
        "totalsegmentator-total_mr-fast",
    ]  # fmt: skip
    assert [card.modality for card in cards.values()] == [("CT",), ("CT",), ("MR",), ("MR",)]
    assert {card.version for card in cards.values()} == {"2.18.0"}
    assert all("Apache-2.0" in card.licence for card in cards.values())


def test_without_the_package_none_is_listed_and_its_name_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = util.find_spec
    monkeypatch.setattr(
        "medseg_app.engines.totalsegmentator.models.find_spec",
        lambda name: None if name == "totalsegmentator" else real(name),
    )
    search = search_models()
    assert not [m for m in search.models if m.package == "TotalSegmentator"]
    assert not [error for path, error in search.refused if "totalsegmentator" in str(path).lower()]
    with pytest.raises(ModelError, match="TotalSegmentator is not installed") as caught:
        find_model("totalsegmentator-total")
    assert 'pip install "medseg[totalsegmentator]"' in caught.value.hint


def test_another_version_is_refused_in_words(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    from totalsegmentator import map_to_binary

    monkeypatch.delitem(map_to_binary.class_map, "total_mr")
    refused = {str(path): error for path, error in search_models().refused}
    assert "TotalSegmentator 2.18.0 cannot be used" in refused["totalsegmentator"].message
    assert "--upgrade" in refused["totalsegmentator"].hint


def test_classes_carry_the_codes_of_the_package(fake: Fake) -> None:
    ct = find_model("totalsegmentator-total").card.labels
    assert (ct[5].name, ct[5].type, ct[5].colour) == (
        "Liver",
        Code("10200004", "SCT", "Liver"),
        (40, 140, 40),
    )
    assert (ct[2].name, ct[2].type.value, ct[2].modifiers) == ("Right kidney", "64033007", (RIGHT,))
    assert (ct[24].category, ct[24].type.value) == (ABNORMAL, "367643001")
    assert ct[24].region == Code("64033007", "SCT", "Kidney")
    assert (ct[27].name, ct[92].name, ct[92].modifiers) == ("Vertebrae L5", "Left rib 1", (LEFT,))
    mr = find_model("totalsegmentator-total_mr").card.labels
    assert (mr[10].name, mr[10].type.value, mr[10].modifiers) == ("Left lung", "39607008", (LEFT,))
    assert (mr[19].type.value, mr[19].modifiers, mr[20].category) == ("51282000", (), ANATOMY)


def test_names_in_words() -> None:
    assert name_in_words("lung_upper_lobe_left") == "Left lung upper lobe"
    assert name_in_words("portal_vein_and_splenic_vein") == "Portal vein and splenic vein"


def test_missing_weights_name_the_command_and_its_size(fake: Fake) -> None:
    fake.add_weights(291)
    with pytest.raises(ModelError, match=r"weights of totalsegmentator-total are not in") as caught:
        require_weights(offer_of("totalsegmentator-total"))
    assert str(fake.weights) in caught.value.message
    assert "about 460 MB" in caught.value.hint
    assert "totalseg_download_weights -t total" in caught.value.hint
    assert caught.value.hint in find_model("totalsegmentator-total").card.summary


def test_missing_weights_have_no_size(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    fake.add_weights(297)
    assert main(["models"]) == 0
    heads = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line[0] != " "}
    assert "  CT  -  " in heads["totalsegmentator-total"]
    assert "  CT  0.0 MB  " in heads["totalsegmentator-total-fast"]  # ten bytes
    assert main(["models", "--json"]) == 0
    sizes = {model["name"]: model["size_mb"] for model in json.loads(capsys.readouterr().out)}
    assert sizes["totalsegmentator-total"] is None
    (card,) = (m.card for m in search_models().models if m.card.name == "totalsegmentator-total")
    assert dict(card_lines(card))["Version"] == "2.18.0"


def test_a_network_that_was_unpacked_in_part_is_missing(fake: Fake) -> None:
    fake.add_weights(297)
    offer = offer_of("totalsegmentator-total-fast")
    (path,) = weight_files(offer)
    path.unlink()
    assert not weight_files(offer)


def test_weights_that_are_there_give_size_and_hash(fake: Fake) -> None:
    fake.add_weights(291, 292)
    card = find_model("totalsegmentator-total").card
    assert (card.size, "missing" in card.summary) == (22, False)
    files = require_weights(offer_of(card.name))
    assert sha256_of_files(files) == hashlib.sha256(b"weights 291weights 292").hexdigest()


def test_weights_are_looked_for_where_totalsegmentator_puts_them(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TOTALSEG_WEIGHTS_PATH")
    monkeypatch.setenv("TOTALSEG_HOME_DIR", str(tmp_path / "ts"))
    with pytest.raises(ModelError) as caught:
        require_weights(offer_of("totalsegmentator-total-fast"))
    assert str(tmp_path / "ts" / "nnunet" / "results") in caught.value.message


def test_it_can_be_run_but_neither_trained_nor_verified(fake: Fake) -> None:
    with pytest.raises(ModelError, match="can only be run here"):
        model_of("totalsegmentator-total")
    with pytest.raises(ModelError, match="has no checksums"):
        verify_models("totalsegmentator-total")
    assert "totalsegmentator-total" not in [one.name for one in verify_models()]


def test_listing_imports_neither_torch_nor_the_package_itself(fake: Fake) -> None:
    code = (
        "from medseg_app.engines.registry import find_model; find_model('totalsegmentator-total'); "
        "print(sorted({'torch', 'nibabel', 'totalsegmentator.python_api'} & set(sys.modules)))"
    )
    path = [str(FAKE), *(path or str(Path.cwd()) for path in sys.path)]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
