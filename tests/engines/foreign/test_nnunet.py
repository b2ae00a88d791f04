"""Results of nnU-Net v2: plans are data, networks answer as the originals do, foreign classes are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load

from medseg_app.app.import_model import import_model
from medseg_app.core.errors import ModelError
from medseg_app.core.volume import Volume
from medseg_app.engines.foreign.read_foreign import read_foreign
from medseg_app.engines.model_card import ModelGrid, Network
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.networks import build_network
from medseg_app.engines.predict import predict
from medseg_app.engines.preprocess import Preprocessing

from ..grids import AXIAL, grid  # noqa: TID252
from .made_results import DATASET, arguments, older_plans, plans, waves, write_results

ORIGINAL = {
    "plain": (40, [0.20756, -0.49356, 0.22783, 0.0762, 0.22115]),
    "residual": (70, [0.22283, -0.31842, 0.22466, 0.07607, 0.22179]),
}
"""What dynamic_network_architectures 0.4.4 gives with the same weights and input (see below): how many
weights it has, three logits, their mean and standard deviation."""


@pytest.mark.parametrize("kind", ORIGINAL)
def test_the_networks_answer_as_the_originals_do(kind: str) -> None:
    network = waves(build_network(Network("NnUNet", arguments(kind))))
    count, expected = ORIGINAL[kind]
    assert len(network.state_dict()) == count
    image = torch.cos(torch.arange(8 * 16 * 16, dtype=torch.float64) * 0.11).reshape(1, 1, 8, 16, 16).float()
    with torch.inference_mode():
        logits = network(image)[0].double()
    found = [logits[0, 0, 0, 0], logits[1, 3, 7, 9], logits[2, 7, 15, 15], logits.mean(), logits.std()]
    assert [float(value) for value in found] == pytest.approx(expected, abs=2e-5)


@pytest.mark.usefixtures("uncontained")
def test_results_become_a_card(tmp_path: Path) -> None:
    draft = read_foreign(write_results(tmp_path))
    card = draft.card
    assert (card.name, card.version, card.licence) == ("Dataset009_Spleen", "nnUNetPlans", "CC-BY-SA 4.0")
    assert card.grid == ModelGrid("", (2.5, 0.8, 0.8), tile=(16, 32, 32), overlap=0.5)
    assert {value: label.name for value, label in card.labels.items()} == {1: "spleen", 2: "tumour"}
    assert card.network == Network("NnUNet", arguments("plain"))
    assert any("fold_0" in remark for remark in draft.remarks)
    voxels = np.array([-300, -20, 100, 180, 3000], np.int16).reshape(5, 1, 1)
    made = Preprocessing.from_json(card.preprocessing).measured(voxels, "CT")(voxels)
    assert made.ravel() == pytest.approx([-3, -3, 0, 2, 2])  # clipped, minus 100, by 40


@pytest.mark.usefixtures("uncontained")
def test_weights_are_kept_once_and_logs_not_at_all(tmp_path: Path) -> None:
    weights = load(read_foreign(write_results(tmp_path)).weights)
    assert set(weights) == set(build_network(Network("NnUNet", arguments("plain"))).state_dict())


def test_imported_results_run(tmp_path: Path) -> None:
    made = import_model(write_results(tmp_path), models=tmp_path / "models")
    geometry = grid((16, 32, 32), AXIAL * [2.5, 0.8, 0.8])
    voxels = np.random.default_rng(0).normal(100, 60, geometry.shape).astype(np.int16)
    voxels[0] = -1000
    found = predict(Volume(voxels, geometry, "1", "CT"), read_model_folder(made.folder), device="cpu")
    labels = np.zeros(geometry.shape, int)
    for candidate in found.candidates:
        labels[candidate.box.slices][candidate.mask] = candidate.class_value
    channel = (np.clip(voxels, -20, 180) - 100.0) / 40
    with torch.inference_mode():
        network = waves(build_network(Network("NnUNet", arguments("plain"))))
        expected = network(torch.from_numpy(channel).float()[None, None])[0].argmax(0).numpy()
    assert len(np.unique(expected)) > 1
    assert np.mean(labels == expected) > 0.999


@pytest.mark.usefixtures("uncontained")
def test_a_configuration_inherits(tmp_path: Path) -> None:
    card = read_foreign(write_results(tmp_path, name="nnUNetTrainer__nnUNetPlans__3d_child")).card
    assert card.grid.tile == (8, 32, 32)
    assert card.grid.spacing_mm == (2.5, 0.8, 0.8)


@pytest.mark.usefixtures("uncontained")
def test_plans_from_before_2_5_are_read(tmp_path: Path) -> None:
    network = read_foreign(write_results(tmp_path, older_plans())).card.network
    levels = network.arguments["levels"]
    assert levels["features"] == [4, 6, 6]
    assert {**levels, "features": [4, 6, 8]} == arguments("plain")["levels"]
    assert network.arguments["style"] == arguments("plain")["style"]


@pytest.mark.usefixtures("uncontained")
def test_residual_encoders_are_read(tmp_path: Path) -> None:
    changed = plans()
    described = _architecture(changed)
    described["network_class_name"] = described["network_class_name"].replace("PlainConv", "ResidualEncoder")
    described["arch_kwargs"]["n_blocks_per_stage"] = described["arch_kwargs"].pop("n_conv_per_stage")
    made = import_model(write_results(tmp_path, changed, kind="residual"), models=tmp_path / "models")
    assert read_model_folder(made.folder).card.network == Network("NnUNet", arguments("residual"))


@pytest.mark.usefixtures("uncontained")
def test_axes_that_nnunet_turns_are_turned(tmp_path: Path) -> None:
    changed = plans() | {"image_reader_writer": "NibabelIOWithReorient"}
    assert read_foreign(write_results(tmp_path, changed)).card.grid.orientation == "SAR"


@pytest.mark.usefixtures("uncontained")
@pytest.mark.parametrize(
    ("masked", "remark"), [(True, "exactly 0 count as outside"), (False, "a rim of exactly 0")]
)
def test_mr_is_scaled_by_its_own_mean(tmp_path: Path, masked: bool, remark: str) -> None:
    changed = plans()
    _configuration(changed).update(normalization_schemes=["ZScoreNormalization"], use_mask_for_norm=[masked])
    draft = read_foreign(write_results(tmp_path, changed, DATASET | {"channel_names": {"0": "T1"}}))
    assert draft.card.preprocessing == {"channels": {"MR": [{"kind": "zscore", "nonzero": masked}]}}
    assert any(remark in said for said in draft.remarks)


def _configuration(changed: dict[str, Any]) -> dict[str, Any]:
    return changed["configurations"]["3d_fullres"]


def _architecture(changed: dict[str, Any]) -> dict[str, Any]:
    return _configuration(changed)["architecture"]


def _arch(**values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda p: _architecture(p)["arch_kwargs"].update(values)


PLANS_REFUSED: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "foreign network": (lambda p: _architecture(p).update(network_class_name="os.system"), "'os.system'"),
    "no network": (lambda p: _architecture(p).update(network_class_name=None), "network_class_name"),
    "foreign norm": (_arch(norm_op="builtins.exec"), "norm_op names 'builtins.exec'"),
    "foreign nonlinearity": (_arch(nonlin="subprocess.Popen"), "nonlin names 'subprocess.Popen'"),
    "slices": (_arch(conv_op="torch.nn.modules.conv.Conv2d"), "conv_op"),
    "foreign argument": (_arch(block="x.Block"), "arch_kwargs.block"),
    "word for a number": (_arch(features_per_stage=["4", 6, 8]), "features_per_stage"),
    "too few kernels": (_arch(kernel_sizes=[[3, 3, 3]]), "kernel_sizes"),
    "no architecture": (lambda p: _configuration(p).pop("architecture"), "UNet_class_name"),
    "no spacing": (lambda p: _configuration(p).pop("spacing"), "spacing"),
    "cascade": (lambda p: _configuration(p).update(previous_stage="3d_lowres"), "previous_stage"),
    "scheme": (
        lambda p: _configuration(p).update(normalization_schemes=["RGBTo01"]),
        "normalization_schemes",
    ),
    "no intensities": (
        lambda p: p.pop("foreground_intensity_properties_per_channel"),
        "intensity_properties",
    ),
    "reader": (lambda p: p.update(image_reader_writer="NaturalImage2DIO"), "NaturalImage2DIO"),
    "turned": (lambda p: p.update(transpose_forward=[2, 0, 1]), "transpose_forward"),
    "circle": (lambda p: _configuration(p).update(inherits_from="3d_fullres"), "circle"),
    "lost parent": (lambda p: _configuration(p).update(inherits_from="nobody"), "'nobody'"),
    "no configuration": (lambda p: p.update(configurations={}), "no configuration 3d_fullres"),
}


@pytest.mark.parametrize("name", PLANS_REFUSED)
def test_plans_are_refused_with_the_key_or_class(name: str, tmp_path: Path) -> None:
    change, words = PLANS_REFUSED[name]
    changed = plans()
    change(changed)
    with pytest.raises(ModelError, match=words) as caught:
        read_foreign(write_results(tmp_path, changed))
    assert "plans.json" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": {"background": 0, "organ": [1, 2]}}, "labels.organ is a region"),
        ({"labels": {"background": 0, "spleen": 2}}, "number the classes"),
        ({"labels": {"spleen": 0}}, "background"),
        ({"channel_names": {"0": "T1", "1": "T2"}}, "one image"),
        ({"channel_names": {"0": "photograph"}}, "photograph"),
    ],
)
def test_data_sets_are_refused_with_the_key(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        read_foreign(write_results(tmp_path, dataset=DATASET | change))
    assert "dataset.json" in caught.value.message


def test_a_2d_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"2d\."):
        read_foreign(write_results(tmp_path, name="nnUNetTrainer__nnUNetPlans__2d"))


def test_results_without_weights_are_refused(tmp_path: Path) -> None:
    folder = write_results(tmp_path)
    (folder / "fold_0/checkpoint_final.pth").unlink()
    with pytest.raises(ModelError, match="holds no weights"):
        read_foreign(folder)


def test_a_checkpoint_that_names_a_program_is_refused(tmp_path: Path) -> None:
    folder = write_results(tmp_path)
    torch.save(
        {"network_weights": {"w": torch.ones(1)}, "x": Path("/")}, folder / "fold_0/checkpoint_final.pth"
    )
    with pytest.raises(ModelError, match="calls pathlib"):
        read_foreign(folder)
