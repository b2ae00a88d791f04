"""TorchScript runs with consent only, contained, once; what stays is a graph that answers as it did."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from medseg_app.app.import_model import import_model
from medseg_app.core.errors import ModelError
from medseg_app.core.volume import Volume
from medseg_app.engines.foreign import sandbox
from medseg_app.engines.foreign.consent import ConsentNeeded, consent_text
from medseg_app.engines.foreign.containment import can_keep_files_away
from medseg_app.engines.foreign.read_foreign import read_foreign
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.predict import predict

from ..grids import AXIAL, grid  # noqa: TID252
from .containment_needed import UNABLE, needs_containment
from .made_bundles import built_network, write_bundle
from .made_programs import CARD, Endless, Hungry, Planting, Reading, Segmenting, write_program


@pytest.mark.parametrize("name", ["net.ts", "net.pt"])
def test_without_consent_it_is_refused_by_name_and_told_what_is_not_contained(
    name: str, tmp_path: Path
) -> None:
    path = write_program(tmp_path / name, Planting(str(tmp_path / "planted")))
    with pytest.raises(ModelError, match=f"{name} is TorchScript") as caught:
        read_foreign(path)
    assert consent_text() in caught.value.hint
    assert ("--trust" in caught.value.hint) == can_keep_files_away()
    assert not (tmp_path / "planted").exists()


@needs_containment
def test_the_consent_says_what_holds_and_what_does_not() -> None:
    held, _, loose = consent_text().partition("Not contained:")
    assert "your files" in held
    assert "network" in held
    for word in ("memory", "processor", "name", "fault", "right"):
        assert word in loose


@needs_containment
def test_a_trusted_program_becomes_a_graph_that_answers_as_it_did(tmp_path: Path) -> None:
    made = import_model(
        write_program(tmp_path / "net.ts", Segmenting()), consent=True, models=tmp_path / "models"
    )
    assert not [p for p in made.folder.rglob("*") if p.suffix in (".ts", ".pt")]
    folder = read_model_folder(made.folder)
    assert (folder.card.engine, folder.card.labels[1].name) == ("openvino", "Liver")
    geometry = grid((20, 24, 18), AXIAL * [2.0, 1.5, 1.5])
    voxels = np.full(geometry.shape, -900, np.int16)
    voxels[5:12, 6:20, 3:15] = 250  # above the middle of the window: its channel is above 0
    (candidate,) = predict(Volume(voxels, geometry, "1", "CT"), folder, device="cpu").candidates
    assert candidate.box.start == (5, 6, 3)
    assert candidate.box.stop == (12, 20, 15)
    assert candidate.mask.all()


@needs_containment
def test_a_program_that_writes_a_file_writes_none(tmp_path: Path) -> None:
    place = tmp_path / "planted"
    path = write_program(tmp_path / "net.ts", Planting(str(place)))
    before = set(tmp_path.iterdir())
    import_model(path, consent=True, models=tmp_path / "models")
    assert set(tmp_path.iterdir()) - before == {tmp_path / "models"}
    assert not place.exists()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.load(str(path))(torch.zeros(1, 1, 4, 4, 4))  # the trap is a real one
    assert place.exists()


@needs_containment
def test_a_program_that_spoils_a_file_spoils_none(tmp_path: Path) -> None:
    place = tmp_path / "thesis.txt"
    place.write_text("years of work")
    path = write_program(tmp_path / "net.ts", Planting(str(place)))
    import_model(path, consent=True, models=tmp_path / "models")
    assert place.read_text() == "years of work"


@needs_containment
def test_a_program_that_reads_a_file_gets_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("12345678")
    path = write_program(tmp_path / "net.ts", Reading(str(tmp_path / "secret.txt")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.load(str(path))(torch.zeros(1, 1, 4, 4, 4))  # outside it could
    with pytest.raises(ModelError, match="cannot be converted"):
        read_foreign(path, consent=True)


@needs_containment
def test_a_program_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 2)
    monkeypatch.setattr(sandbox, "PATIENCE", 100)
    path = write_program(tmp_path / "net.ts", Endless())
    with pytest.raises(ModelError, match="took more than 2 seconds of the processor"):
        read_foreign(path, consent=True)


@needs_containment
def test_a_program_that_wants_all_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be converted"):
        read_foreign(write_program(tmp_path / "net.ts", Hungry()), consent=True)


@needs_containment
@pytest.mark.usefixtures("uncontained")
def test_a_program_that_is_not_what_its_card_says_is_refused(tmp_path: Path) -> None:
    path = write_program(tmp_path / "net.ts", Segmenting(), CARD.replace('1 = "Liver"', '1 = "A"\n2 = "B"'))
    with pytest.raises(ModelError, match=r"answers with the shape \(1, 2, 16, 16, 16\)"):
        read_foreign(path, consent=True)


def test_a_program_needs_a_card_and_tiles(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no card net\.toml or net\.json"):
        read_foreign(write_program(tmp_path / "net.ts", Segmenting(), ""), consent=True)
    path = write_program(tmp_path / "other.ts", Segmenting(), CARD.replace("tile = [16, 16, 16]", ""))
    with pytest.raises(ModelError, match="does not say the size of its tiles"):
        read_foreign(path, consent=True)


@pytest.mark.parametrize("consent", [False, True])
def test_where_nothing_can_contain_it_nobody_is_asked(
    consent: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medseg_app.engines.foreign.consent.can_keep_files_away", lambda: False)
    with pytest.raises(ModelError, match=r"net\.ts is TorchScript") as caught:
        read_foreign(write_program(tmp_path / "net.ts", Segmenting()), consent)
    assert not isinstance(caught.value, ConsentNeeded)
    assert "not opened here at all" in caught.value.hint
    assert "--trust" not in caught.value.hint


@needs_containment
def test_a_child_that_cannot_be_contained_does_not_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child is told that files have to be out of reach; one that cannot promise it does not begin."""
    monkeypatch.setattr(sandbox, "START", UNABLE)
    path = write_program(tmp_path / "net.ts", Planting(str(tmp_path / "planted")))
    with pytest.raises(ModelError, match="cannot keep it from the files"):
        read_foreign(path, consent=True)
    assert not (tmp_path / "planted").exists()


@needs_containment
@pytest.mark.usefixtures("uncontained")
def test_a_bundle_with_a_program_only_asks_for_consent_and_then_works(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "spleen_ct")
    (folder / "models/model.safetensors").unlink()
    program = write_program(tmp_path / "model.ts", built_network(), "")
    shutil.copy(program, folder / "models/model.ts")
    with pytest.raises(ModelError, match=r"model\.ts is TorchScript"):
        read_foreign(folder)
    card = read_model_folder(import_model(folder, consent=True, models=tmp_path / "models").folder).card
    assert (card.engine, card.grid.tile) == ("openvino", (32, 32, 48))


@needs_containment
@pytest.mark.usefixtures("uncontained")
def test_the_private_folder_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    read_foreign(write_program(tmp_path / "net.ts", Segmenting()), consent=True)
    assert os.listdir(tmp_path / "temporary") == []  # noqa: PTH208
