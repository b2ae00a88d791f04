"""Model folders of MedSeg's own are imported too, checked like any other, and come out the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load, save

from medseg_app.app.import_model import import_model
from medseg_app.core.errors import InputError, ModelError
from medseg_app.engines.checksums import CHECKSUMS, write_checksums
from medseg_app.engines.foreign.read_foreign import read_foreign
from medseg_app.engines.model_folder import CARD, read_model_folder
from medseg_app.engines.model_folder_writer import write_model_folder

from ..tiny_models import TINY, tiny_weights, write_tiny_model  # noqa: TID252


@pytest.mark.parametrize("engine", TINY)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_comes_out_as_it_went_in(engine: str, zipped: bool, tmp_path: Path) -> None:
    given = write_tiny_model(tmp_path / "given" / "tiny", engine)
    path = given.path
    if zipped:
        path = Path(shutil.make_archive(str(tmp_path / "tiny"), "zip", given.path.parent))
    found = read_model_folder(import_model(path, models=tmp_path / "models").folder)
    assert found.card == given.card
    assert found.checksums == given.checksums
    assert found.weights() == given.weights()


def _sign_again(folder: Path) -> None:
    names = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    write_checksums(folder, [name for name in names if name != CHECKSUMS])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema_version": 2}, "format 2"),
        ({"engine": "nobodys"}, "engine nobodys is not installed"),
        ({"network": {"name": "os.system", "arguments": {}}}, "not one that MedSeg builds|do not belong"),
        ({"preprocessing": {}}, "preprocessing"),
    ],
)
def test_a_folder_that_could_not_be_used_is_not_imported(change: dict, words: str, tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny", "unet").path
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**card, **change}))
    _sign_again(folder)
    with pytest.raises(ModelError, match=words):
        import_model(folder, models=tmp_path / "models")
    assert not (tmp_path / "models" / "tiny-organs").exists()


@pytest.mark.parametrize("engine", TINY)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_rather_than_finding_nothing(
    engine: str, value: float, tmp_path: Path
) -> None:
    folder = write_tiny_model(tmp_path / "tiny", engine).path
    weights = folder / "models/model.safetensors"
    tensors = load(weights.read_bytes())
    name = max(name for name, tensor in tensors.items() if tensor.is_floating_point())
    tensors[name].view(-1)[0] = value
    weights.write_bytes(save(tensors))
    _sign_again(folder)
    with pytest.raises(ModelError, match=f"not numbers.*{name}"):
        import_model(folder, models=tmp_path / "models")
    assert not list((tmp_path / "models").glob("*"))


def test_changed_weights_are_not_imported(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny", "unet").path
    weights = folder / "models/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError, match="was changed"):
        read_foreign(folder)


@pytest.mark.parametrize("engine", ["unet", "mask_rcnn"])
def test_weights_of_another_network_are_not_imported(engine: str, tmp_path: Path) -> None:
    write_model_folder(tmp_path / "tiny", TINY[engine], tiny_weights("unet for findings"))
    with pytest.raises(ModelError, match="do not fit"):
        import_model(tmp_path / "tiny", models=tmp_path / "models")


def test_a_pickle_in_a_folder_is_refused(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny", "unet").path
    (folder / "models/extra.pt").write_bytes(b"x")
    with pytest.raises(ModelError, match="pickled data"):
        read_foreign(folder)


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.safetensors", "net.ckpt"])
def test_weights_alone_are_no_model(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(tiny_weights("unet"))
    with pytest.raises(ModelError, match="is a checkpoint, not a model"):
        read_foreign(tmp_path / name)


def test_nothing_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_foreign(tmp_path / "nothing")
