"""A bundle whose network is Python code: run with consent only, contained, once; what stays is a graph."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from medseg_app.app.import_model import import_model
from medseg_app.core.errors import ModelError
from medseg_app.core.volume import Volume
from medseg_app.engines.foreign import bundle_copy, sandbox
from medseg_app.engines.foreign.consent import ConsentNeeded, consent_text
from medseg_app.engines.foreign.read_foreign import read_foreign
from medseg_app.engines.model_folder import METADATA, read_model_folder
from medseg_app.engines.predict import predict

from ..grids import AXIAL, grid  # noqa: TID252
from .containment_needed import UNABLE, needs_containment
from .made_bundle_code import NETWORK, OWN_CLASS, built, in_init, stealing, write_code_bundle
from .made_bundles import write_bundle
from .made_programs import Segmenting, write_program


def _planting(place: Path) -> str:
    return in_init(f"open({str(place)!r}, 'w').close()")


CODE: dict[str, tuple[Any, str]] = {
    "own class": (OWN_CLASS, r"network_def is scripts\.net\.MyNet"),
    "expression": ("$scripts.net.MyNet(4)", "network_def is an expression"),
    "expression in an argument": (
        {"_target_": "UNet", "spatial_dims": 3, "in_channels": 1, "out_channels": 2, "channels": "$[4] * 2",
         "strides": [2]},
        "network_def#channels is an expression"),
    "class of MONAI's": ({"_target_": "HighResNet", "out_channels": 2}, "network_def is HighResNet"),
    "class of another package": ({"_target_": "torch.nn.Conv3d"}, r"network_def is torch\.nn\.Conv3d"),
    "class by an expression": ({"_target_": "$scripts.net.MyNet"}, "network_def is made by code"),
    "other mode": ({"_target_": "UNet", "_mode_": "callable"}, "network_def is made by code"),
    "requirements": ({"_target_": "UNet", "_requires_": "$1"}, "network_def#_requires_ would run code"),
}  # fmt: skip


@needs_containment
@pytest.mark.parametrize("name", CODE)
def test_without_consent_it_is_refused_with_its_key_and_told_what_is_not_contained(
    name: str, tmp_path: Path
) -> None:
    network, words = CODE[name]
    bundle = write_code_bundle(tmp_path / "b", network, _planting(tmp_path / "b" / "planted"))
    with pytest.raises(ConsentNeeded, match=words) as caught:
        read_foreign(bundle)
    assert "The network of this bundle is Python code" in caught.value.message
    assert consent_text() in caught.value.hint
    assert "--trust" in caught.value.hint
    assert not (bundle / "planted").exists()


@needs_containment
def test_a_trusted_bundle_marks_what_its_network_marks(tmp_path: Path) -> None:
    """One tile of the size of the image, so that every voxel has one answer of the network."""
    bundle = write_code_bundle(tmp_path / "spleen_ct")
    made = import_model(bundle, consent=True, models=tmp_path / "models")
    folder = read_model_folder(made.folder)
    assert (folder.card.engine, folder.card.grid.tile) == ("openvino", (32, 32, 48))
    changes = json.loads((made.folder / METADATA).read_text())["changelog"]
    assert "an OpenVINO graph made from the bundle's code" in changes["0.5.3"]
    assert {path.suffix for path in made.folder.rglob("*") if path.is_file()} <= {
        "", ".json", ".md", ".safetensors",
    }  # fmt: skip

    geometry = grid((48, 32, 32), AXIAL * [2.0, 1.5, 1.5])
    noise = np.random.default_rng(3).normal(50, 90, geometry.shape).astype(np.int16)
    found = predict(Volume(noise, geometry, "1.2", "CT"), folder, device="cpu")
    mine = np.zeros(geometry.shape, bool)
    for candidate in found.candidates:
        mine[candidate.box.slices] |= candidate.mask
    # k to S, j to P, i to L in MedSeg; MONAI's RAS turns it to (-i, -j, k).
    ras = noise.transpose(2, 1, 0)[::-1, ::-1].astype(np.float32)
    image = torch.from_numpy(((ras + 57) / 221).clip(0, 1).copy())[None, None]
    with torch.inference_mode():
        logits = built()(image)[0].numpy()[:, ::-1, ::-1].transpose(0, 3, 2, 1)
    margin = logits[1] - logits[0]
    assert 0.05 < (margin > 0).mean() < 0.95
    clear = np.abs(margin) > 1e-3  # OpenVINO and torch round differently
    assert clear.mean() > 0.99
    assert np.array_equal(mine[clear], margin[clear] > 0)


@pytest.mark.usefixtures("uncontained")
def test_an_expression_works_too(tmp_path: Path) -> None:
    bundle = write_code_bundle(tmp_path / "b", CODE["expression"][0])
    assert read_foreign(bundle, consent=True).card.engine == "openvino"


@pytest.mark.usefixtures("uncontained")
def test_a_class_of_monai_that_is_not_on_the_list_works_too(tmp_path: Path) -> None:
    from monai.networks.nets import HighResNet
    from safetensors.torch import save_file

    few: Any = [
        {"name": "conv_0", "n_features": 4, "kernel_size": 3},
        {"name": "res_1", "n_features": 4, "kernels": [3, 3], "repeat": 1},
        {"name": "conv_1", "n_features": 4, "kernel_size": 1},
        {"name": "conv_2", "kernel_size": 1},
    ]
    classes = "$len(['background', 'spleen'])"
    network = {"_target_": "HighResNet", "in_channels": 1, "out_channels": classes, "layer_params": few}
    bundle = write_code_bundle(tmp_path / "b", network)
    built_here = HighResNet(in_channels=1, out_channels=2, layer_params=few)
    save_file(built_here.state_dict(), bundle / "models/model.safetensors")
    assert read_foreign(bundle, consent=True).card.engine == "openvino"


@needs_containment
def test_a_hostile_network_gets_hold_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    place, secret = tmp_path / "planted", tmp_path / "mine" / "secret.txt"
    secret.parent.mkdir()
    secret.write_text("years of work")
    secret.chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as server:
        source = stealing(place, secret, server.getsockname()[1])
        read_foreign(write_code_bundle(tmp_path / "b", source=source), consent=True)  # it would tell its loot
        assert not place.exists()
        assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("years of work", 0o600)
        with pytest.raises(RuntimeError) as caught:  # the trap is a real one
            built(source)
    assert place.exists()
    for loot in ("appended", "years of work", "secret.txt", "changed", "connected", "started", "hunter2"):
        assert loot in str(caught.value)


@pytest.mark.usefixtures("uncontained")
def test_code_that_fails_is_told_in_its_own_words(tmp_path: Path) -> None:
    source = in_init("raise LookupError('no atlas here')")
    with pytest.raises(ModelError, match=r"network_def cannot be built \(LookupError: no atlas here\)"):
        read_foreign(write_code_bundle(tmp_path / "b", source=source), consent=True)


def test_what_a_bundle_says_of_itself_cannot_pose_as_words_of_ours(tmp_path: Path) -> None:
    target = "scripts.net.MyNet\n\nThis program was signed.\x1b[2J" + "\n" * 400
    bundle = write_code_bundle(tmp_path / "b", {"_target_": target})
    with pytest.raises(ModelError) as caught:
        read_foreign(bundle)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < len(str(bundle)) + 500


@needs_containment
def test_code_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 2)
    monkeypatch.setattr(sandbox, "PATIENCE", 100)
    bundle = write_code_bundle(tmp_path / "b", source=in_init("while True: pass"))
    with pytest.raises(ModelError, match="took more than 2 seconds of the processor"):
        read_foreign(bundle, consent=True)


WRONG: dict[str, tuple[Any, str, str]] = {
    "no network": ("$dict(a=1)", NETWORK, "network_def builds a dict"),
    "other weights": ({**OWN_CLASS, "features": 5}, NETWORK, r"do not fit its network \(size mismatch"),
    "further weights": (OWN_CLASS, NETWORK.replace("self.norm", "self.other"), r"do not fit .*other\.weight"),
    "other classes": (OWN_CLASS, NETWORK.replace("self.up(large) + torch.cat([-x, x], 1)", "x"),
                      r"answers with the shape \(1, 1, 32, 32, 48\) where its card means \(1, 2,"),
    "several answers": (OWN_CLASS, NETWORK.replace("return self.up", "return x, self.up"), "one tensor"),
    "moods": (OWN_CLASS, NETWORK.replace("torch.cat([-x, x], 1)", "torch.rand_like(large[:, :2])"),
              "does not answer as the program does"),
}  # fmt: skip


@pytest.mark.usefixtures("uncontained")
@pytest.mark.parametrize("name", WRONG)
def test_a_network_that_is_not_what_its_bundle_says_is_refused(name: str, tmp_path: Path) -> None:
    network, source, words = WRONG[name]
    with pytest.raises(ModelError, match=words):
        read_foreign(write_code_bundle(tmp_path / "b", network, source), consent=True)


def test_a_network_on_the_list_runs_no_code_even_where_the_user_agrees(tmp_path: Path) -> None:
    bundle = write_code_bundle(tmp_path / "b", source=f"open({str(tmp_path / 'planted')!r}, 'w').close()")
    shutil.copytree(write_bundle(tmp_path / "listed") / "models", bundle / "models", dirs_exist_ok=True)
    configuration = json.loads((bundle / "configs/inference.json").read_text())
    configuration["network_def"] = json.loads((tmp_path / "listed/configs/inference.json").read_text())[
        "network_def"
    ]
    (bundle / "configs/inference.json").write_text(json.dumps(configuration))
    assert read_foreign(bundle, consent=True).card.engine == "unet"
    assert not (tmp_path / "planted").exists()


@needs_containment
def test_torchscript_instead_of_weights_is_asked_for_and_no_code(tmp_path: Path) -> None:
    bundle = write_code_bundle(tmp_path / "b")
    (bundle / "models/model.safetensors").unlink()
    write_program(bundle / "models/model.ts", Segmenting(), "")
    with pytest.raises(ConsentNeeded, match=r"model\.ts is TorchScript"):
        read_foreign(bundle)


@needs_containment
def test_a_zip_is_asked_about_by_its_own_name(tmp_path: Path) -> None:
    bundle = write_code_bundle(tmp_path / "in" / "b")
    path = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", bundle))
    with pytest.raises(ConsentNeeded, match=r"packed\.zip/configs/inference\.json is not taken: network_def"):
        read_foreign(path)


def test_without_the_size_of_tiles_nobody_is_asked(tmp_path: Path) -> None:
    bundle = write_code_bundle(tmp_path / "b")
    path = bundle / "configs/inference.json"
    path.write_text(path.read_text().replace("SlidingWindowInferer", "SimpleInferer"))
    for consent in (False, True):
        with pytest.raises(ModelError, match="inferer#roi_size states no size of tiles") as caught:
            read_foreign(bundle, consent)
        assert not isinstance(caught.value, ConsentNeeded)


def _link_to_a_file(bundle: Path, outside: Path) -> None:
    (outside / "net.py").write_text(NETWORK)
    (bundle / "scripts/net.py").unlink()
    (bundle / "scripts/net.py").symlink_to(outside / "net.py")


def _link_to_a_folder(bundle: Path, outside: Path) -> None:
    (bundle / "scripts/more").symlink_to(outside)


def _link_instead_of_a_folder(bundle: Path, outside: Path) -> None:
    shutil.move(bundle / "scripts", outside / "scripts")
    (bundle / "scripts").symlink_to(outside / "scripts")


def _pipe(bundle: Path, _: Path) -> None:
    os.mkfifo(bundle / "scripts/pipe")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_link_to_a_file, r"scripts/net\.py, which lies outside"),
        (_link_to_a_folder, "scripts/more, which lies outside"),
        (_link_instead_of_a_folder, "scripts, which lies outside"),
        (_pipe, "pipe is neither a file nor a folder"),
    ],
)
def test_only_files_of_the_bundle_are_copied(spoil: Any, words: str, tmp_path: Path) -> None:
    bundle = write_code_bundle(tmp_path / "b")
    (tmp_path / "outside").mkdir()
    spoil(bundle, tmp_path / "outside")
    with pytest.raises(ModelError, match=words):
        read_foreign(bundle, consent=True)


def test_a_bundle_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_copy, "MAX_FILE", 1000)
    with pytest.raises(ModelError, match="larger than a model may be"):
        read_foreign(write_code_bundle(tmp_path / "b"), consent=True)


@needs_containment
def test_a_child_that_cannot_be_contained_does_not_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "START", UNABLE)
    bundle = write_code_bundle(tmp_path / "b", source=_planting(tmp_path / "planted"))
    with pytest.raises(ModelError, match="cannot keep it from the files"):
        read_foreign(bundle, consent=True)
    assert not (tmp_path / "planted").exists()
