"""A bundle becomes a model folder that answers as MONAI does; what cannot be kept is refused by its key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load

from medseg_app.app.import_model import import_model
from medseg_app.core.errors import ModelError
from medseg_app.core.volume import Volume
from medseg_app.engines.foreign.read_foreign import read_foreign
from medseg_app.engines.model_card import ModelGrid
from medseg_app.engines.model_folder import read_model_folder
from medseg_app.engines.predict import predict
from medseg_app.engines.preprocess import Preprocessing

from ..grids import AXIAL, grid  # noqa: TID252
from .made_bundles import built_network, config, metadata, write_bundle


@pytest.mark.usefixtures("uncontained")
def test_a_bundle_becomes_a_card(tmp_path: Path) -> None:
    draft = read_foreign(write_bundle(tmp_path / "spleen_ct", weights="model.pt"))
    card = draft.card
    assert (card.name, card.version, card.engine, card.modality) == ("spleen_ct", "0.5.3", "unet", ("CT",))
    assert card.licence == "Apache-2.0"
    assert card.network.name == "UNet"
    assert card.network.arguments["channels"] == [4, 8, 16]
    assert card.grid == ModelGrid("RAS", (1.5, 1.5, 2.0), tile=(32, 32, 48), overlap=0.5)
    assert {value: label.name for value, label in card.labels.items()} == {1: "spleen"}
    assert card.figures == {"stated by its authors": {"mean_dice": 0.961}}
    assert draft.papers.readme == "# Spleen\n"
    assert draft.remarks == ()
    voxels = np.array([-100, -57, 53.5, 164, 400], np.float32).reshape(5, 1, 1)
    channels = Preprocessing.from_json(card.preprocessing).measured(voxels, "CT")(voxels)
    assert channels.ravel() == pytest.approx([0, 0, 0.5, 1, 1])


@pytest.mark.parametrize(("shape", "least"), [((48, 32, 32), 0.999), ((48, 64, 64), 0.97)])
def test_an_imported_bundle_answers_as_monai_does(
    shape: tuple[int, int, int], least: float, tmp_path: Path
) -> None:
    """MONAI's own transforms, sliding window and network on the same image, in MONAI's order of axes.

    Tiles of both lie at the same places; MONAI blends logits of neighbouring tiles, MedSeg probabilities.
    """
    from monai.inferers import SlidingWindowInferer
    from monai.transforms import ScaleIntensityRange

    made = import_model(write_bundle(tmp_path / "spleen_ct"), models=tmp_path / "models")
    geometry = grid(shape, AXIAL * [2.0, 1.5, 1.5])
    noise = np.random.default_rng(3).normal(50, 90, geometry.shape)
    noise[:2] = -1000  # a CT shows some air
    volume = Volume(noise.astype(np.int16), geometry, "1.2", "CT")
    found = predict(volume, read_model_folder(made.folder), device="cpu")
    mine = np.zeros(geometry.shape, bool)
    for candidate in found.candidates:
        mine[candidate.box.slices] |= candidate.mask

    # k to S, j to P, i to L in MedSeg; MONAI's RAS turns it to (-i, -j, k).
    ras = volume.voxels.transpose(2, 1, 0)[::-1, ::-1].astype(np.float32)
    image = ScaleIntensityRange(-57, 164, 0.0, 1.0, clip=True)(torch.from_numpy(ras.copy())[None])
    window = SlidingWindowInferer((32, 32, 48), 1, overlap=0.5, mode="gaussian")
    with torch.inference_mode():
        theirs = window(image[None], built_network())[0].argmax(0).numpy()
    theirs = theirs[::-1, ::-1].transpose(2, 1, 0) == 1
    assert 0.05 < theirs.mean() < 0.95
    shared = 2 * np.count_nonzero(mine & theirs) / (mine.sum() + theirs.sum())
    assert shared > least


def test_known_names_get_their_codes_and_authors_stay_who_they_are(tmp_path: Path) -> None:
    made = import_model(write_bundle(tmp_path / "spleen_ct"), models=tmp_path / "models")
    about = json.loads((made.folder / "configs/metadata.json").read_text())
    assert about["authors"] == "MONAI team"
    assert about["changelog"] == {"0.5.3": "imported by MedSeg from a MONAI bundle"}
    label = read_model_folder(made.folder).card.labels[1]
    assert label.name == "Spleen"
    assert label.type.value == "78961009"


def test_safetensors_of_a_bundle_need_no_conversion(tmp_path: Path) -> None:
    converted = load(read_foreign(write_bundle(tmp_path / "a/spleen_ct", weights="model.pt")).weights)
    folder = write_bundle(tmp_path / "b/spleen_ct")
    taken = load(read_foreign(folder).weights)
    assert taken.keys() == converted.keys()
    assert all(torch.equal(taken[name], converted[name]) for name in taken)
    (folder / "models/model.safetensors").unlink()
    with pytest.raises(ModelError, match="holds no weights"):
        read_foreign(folder)


def test_yaml_is_read_as_json_is(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "spleen_ct")
    expected = read_foreign(folder).card
    (folder / "configs/inference.json").unlink()
    (folder / "configs/inference.yaml").write_text(yaml.safe_dump(config()))
    assert read_foreign(folder).card == expected


Change = Callable[[dict[str, Any]], object]


def _step(number: int, **arguments: Any) -> Change:
    return lambda c: c["preprocessing"]["transforms"][number].update(arguments)


def _instead(number: int, step: dict[str, Any]) -> Change:
    return lambda c: c["preprocessing"]["transforms"].__setitem__(number, step)


def _delete(number: int) -> Change:
    return lambda c: c["preprocessing"]["transforms"].pop(number)


REFUSED: dict[str, tuple[Change, str]] = {
    "foreign network": (lambda c: c["network_def"].update(_target_="os.system"), "os.system"),
    "look-alike": (lambda c: c["network_def"].update(_target_="evil.nets.UNet"), "evil.nets.UNet"),
    "computed network": (lambda c: c.update(network_def="$make()"), "network_def"),
    "computed argument": (
        lambda c: c["network_def"].update(channels="$[1]"), "network_def#channels is an expression"),
    "component as argument": (
        lambda c: c["network_def"].update(norm={"_target_": "os.system"}), "network_def#norm is a component"),
    "requires": (lambda c: c["network_def"].update(_requires_="$os.x"), "network_def#_requires_"),
    "mode": (lambda c: c["network_def"].update(_mode_="callable"), "network_def is made by code"),
    "slices": (lambda c: c["network_def"].update(spatial_dims=2), "network_def#spatial_dims"),
    "two inputs": (lambda c: c["network_def"].update(in_channels=2), "network_def#in_channels"),
    "other classes": (lambda c: c["network_def"].update(out_channels=3), "network_def#out_channels is not 2"),
    "computed spacing": (lambda c: c.update(voxel="$[1]*3"), "transforms#3#pixdim is an expression"),
    "lost reference": (_step(3, pixdim="@nowhere"), "refers to nowhere"),
    "circle": (lambda c: c.update(voxel="@voxel"), "refers to itself"),
    "file reference": (_step(3, pixdim="%other.json::voxel"), "other.json::voxel"),
    "two spacings": (_step(3, pixdim=[1, 2]), "pixdim"),
    "negative spacing": (_step(3, pixdim=[1, 1, -1]), "pixdim"),
    "sharp spacing": (_step(3, mode="nearest"), "transforms#3#mode"),
    "other letters": (_step(2, labels=[["R", "L"], ["A", "P"], ["I", "S"]]), "transforms#2#labels"),
    "bad axes": (_step(2, axcodes="RAR"), "axcodes"),
    "no orientation": (_delete(2), "no Orientationd"),
    "no intensities": (_delete(4), "scales no intensities"),
    "twice": (_instead(5, {"_target_": "ScaleIntensityd", "keys": "image"}), "#5 scales .* second time"),
    "unknown step": (_instead(5, {"_target_": "Lambdad", "keys": "image", "func": "$x"}), "is Lambdad"),
    "whole numbers": (_step(5, dtype="uint8"), "transforms#5#dtype is 'uint8'"),
    "whole numbers by an expression": (_step(5, dtype="$torch.int16"), "transforms#5#dtype"),
    "unknown argument": (_step(4, gamma=2), "transforms#4#gamma"),
    "window without end": (_step(4, a_max=None), "transforms#4#a_max is not a number"),
    "several images": (_step(0, keys=["t1", "t2"]), "names several images"),
    "unknown inferer": (lambda c: c["inferer"].update(_target_="SaliencyInferer"), "SaliencyInferer"),
    "huge overlap": (lambda c: c["settings"].update(overlap=1), "inferer#overlap"),
    "bad tile": (lambda c: c["inferer"].update(roi_size=[32, "a", 32]), "inferer#roi_size"),
    "several classes": (
        lambda c: c["postprocessing"]["transforms"][0].update(softmax=False, sigmoid=True), "#0#sigmoid"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_with_its_key(name: str, tmp_path: Path) -> None:
    change, words = REFUSED[name]
    changed = config()
    change(changed)
    with pytest.raises(ModelError, match=words) as caught:
        read_foreign(write_bundle(tmp_path / "b", changed))
    assert "inference.json" in caught.value.message
    assert caught.value.hint


ABOUT: dict[str, tuple[Change, str]] = {
    "modality": (
        lambda m: m["network_data_format"]["inputs"]["image"].update(modality="US"),
        "modality is 'US'",
    ),
    "inputs": (lambda m: m["network_data_format"]["inputs"]["image"].update(num_channels=4), "num_channels"),
    "no classes": (lambda m: m["network_data_format"]["outputs"].pop("pred"), "channel_def"),
    "no background": (
        lambda m: m["network_data_format"]["outputs"]["pred"]["channel_def"].update({"0": "liver"}),
        "channel_def#0 is not the background",
    ),
    "a gap": (
        lambda m: m["network_data_format"]["outputs"]["pred"].update(
            channel_def={"0": "background", "2": "x"}
        ),
        "does not number",
    ),
}


@pytest.mark.parametrize("name", ABOUT)
def test_metadata_that_do_not_say_enough_are_refused(name: str, tmp_path: Path) -> None:
    change, words = ABOUT[name]
    changed = metadata()
    change(changed)
    with pytest.raises(ModelError, match=words):
        read_foreign(write_bundle(tmp_path / "b", about=changed))


def test_nothing_of_a_bundle_is_evaluated(tmp_path: Path) -> None:
    """Every place in which MONAI would run code holds some; the model is read all the same."""
    plant = f"$open({str(tmp_path / 'planted')!r}, 'w').close()"
    changed = config()
    changed.update(imports=[plant], initialize=[plant], run=[plant], device=plant, datalist=plant)
    changed["inferer"]["device"] = plant
    changed["preprocessing"]["transforms"][0]["reader"] = plant
    read_foreign(write_bundle(tmp_path / "b", changed))
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: !!python/object/apply:os.system ['true']", "not plain YAML"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("- 1", "no table"),
        ("a: .nan", "nan"),
        ("a: " + "[" * 500, "not plain YAML|nested"),
        ("a: 2001-01-01", "no word and no number"),
    ],
)
def test_hostile_yaml_is_refused(text: str, words: str, tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    (folder / "configs/inference.json").unlink()
    (folder / "configs/inference.yaml").write_text(text)
    with pytest.raises(ModelError, match=words):
        read_foreign(folder)


def test_a_step_after_the_network_is_named_when_it_is_left_out(tmp_path: Path) -> None:
    changed = config()
    changed["postprocessing"]["transforms"].append({"_target_": "KeepLargestConnectedComponentd"})
    (remark,) = read_foreign(write_bundle(tmp_path / "b", changed)).remarks
    assert "KeepLargestConnectedComponentd" in remark


def test_intensities_that_are_scaled_before_the_spacing_are_told(tmp_path: Path) -> None:
    changed = config()
    steps = changed["preprocessing"]["transforms"]
    steps[5].update(dtype="$torch.float32")
    steps[3], steps[4] = steps[4], steps[3]
    (remark,) = read_foreign(write_bundle(tmp_path / "b", changed)).remarks
    assert "before it resamples" in remark


def test_a_step_that_is_switched_off_does_not_count(tmp_path: Path) -> None:
    changed = config()
    changed["preprocessing"]["transforms"].append({"_target_": "Lambdad", "_disabled_": True})
    assert read_foreign(write_bundle(tmp_path / "b", changed)).card.grid.orientation == "RAS"


def test_what_is_done_to_labels_only_does_not_count(tmp_path: Path) -> None:
    changed = config()
    steps = changed["preprocessing"]["transforms"]
    steps.append({"_target_": "Spacingd", "keys": ["label"], "pixdim": [9, 9, 9], "mode": "nearest"})
    steps[3].update(keys=["image", "label"], mode=["bilinear", "nearest"])
    assert read_foreign(write_bundle(tmp_path / "b", changed)).card.grid.spacing_mm == (1.5, 1.5, 2.0)


def test_other_intensities_are_kept(tmp_path: Path) -> None:
    for number, (step, channel) in enumerate(
        (
            ({"_target_": "NormalizeIntensityd", "nonzero": True}, {"kind": "zscore", "nonzero": True}),
            (
                {"_target_": "NormalizeIntensityd", "subtrahend": 100, "divisor": 50},
                {"kind": "window", "low": 100, "high": 150, "to": [0, 1], "clip": False},
            ),
            (
                {"_target_": "ScaleIntensityd", "minv": -1.0, "maxv": 1.0},
                {"kind": "percentiles", "low": 0, "high": 100, "to": [-1, 1]},
            ),
            (
                {"_target_": "monai.transforms.ScaleIntensityRangePercentilesd", "lower": 1, "upper": 99,
                 "b_min": 0, "b_max": 1, "clip": True},
                {"kind": "percentiles", "low": 1, "high": 99, "to": [0, 1], "clip": True},
            ),
        )
    ):  # fmt: skip
        changed = config()
        changed["preprocessing"]["transforms"][4] = {"keys": "image", **step}
        card = read_foreign(write_bundle(tmp_path / f"b{number}", changed)).card
        assert card.preprocessing == {"channels": {"CT": [channel]}}


def test_weights_of_another_network_are_refused_and_nothing_stands_there(tmp_path: Path) -> None:
    changed = config()
    changed["network_def"]["channels"] = [4, 8, 20]
    with pytest.raises(ModelError, match="do not fit"):
        import_model(write_bundle(tmp_path / "b", changed), models=tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_weights_that_are_none_are_named_where_they_lie(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "b")
    weights = bundle / "models/model.safetensors"
    weights.write_bytes((2**40).to_bytes(8, "little") + b"{}")
    with pytest.raises(ModelError) as refused:
        import_model(bundle, models=tmp_path / "models")
    assert refused.value.message.startswith(f"{weights} is not a safetensors file")


def test_a_tile_that_the_network_cannot_take_is_refused(tmp_path: Path) -> None:
    changed = config()
    changed["inferer"]["roi_size"] = [30, 33, 32]
    with pytest.raises(ModelError, match="does not take tiles"):
        import_model(write_bundle(tmp_path / "b", changed), models=tmp_path / "models")


def test_words_of_a_stranger_cannot_steer_a_terminal(tmp_path: Path) -> None:
    changed = metadata() | {"version": "1\x1b]0;x\x07", "description": "a\nb\x1b[2J"}
    changed["network_data_format"]["outputs"]["pred"]["channel_def"]["1"] = "\x1b[31mspleen\r" + "n" * 99
    folder = write_bundle(tmp_path / "b", about=changed)
    (folder / "LICENSE").write_text("\x1b\nmy own\x07 terms\n")
    card = read_foreign(folder).card
    words = [card.version, card.summary, card.licence, card.labels[1].name]
    assert words[2] == "my own terms"
    assert all(word and word.isprintable() for word in words)
    assert len(card.labels[1].name) <= 64


def test_a_link_out_of_the_bundle_is_not_followed(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "b")
    (tmp_path / "secret.json").write_text(json.dumps(metadata()))
    (folder / "configs/metadata.json").unlink()
    (folder / "configs/metadata.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(ModelError, match="outside"):
        read_foreign(folder)
