"""A folder of results of nnU-Net v2 (dataset.json, plans.json, fold_k/) as the draft of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medseg_app.core.errors import ModelError
from medseg_app.engines.checksums import inside
from medseg_app.engines.modality_names import modality_named
from medseg_app.engines.model_card import LabelClass, ModelCard, ModelGrid
from medseg_app.engines.model_folder_writer import Origin, Papers

from .checkpoint_file import copy_numbers
from .data_file import read_data_file
from .draft import NOT_STATED, Draft, classes, model_name, printable
from .nnunet_plans import HINT, Plans, network_of
from .sandbox import run_contained

DATASET, PLANS = "dataset.json", "plans.json"
CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_best.pth")
READERS = {"SimpleITKIO": "", "NibabelIO": "", "NibabelIOWithReorient": "SAR"}
"""Readers of nnU-Net -> how the axes (k, j, i) lie; the first two take them as they are stored."""
REMARKS = (
    "Images are resampled linearly; nnU-Net takes cubic splines.",
    "Tiles are not mirrored, which nnU-Net does by default and which takes eight times as long.",
)


def is_nnunet(folder: Path) -> bool:
    """Whether a folder looks like results of nnU-Net."""
    return (folder / DATASET).is_file() and (folder / PLANS).is_file()


def read_nnunet(folder: Path) -> Draft:
    """Read the results as data and convert the weights of one fold.

    Raises ModelError with the key, class or file that is the reason.
    """
    dataset = read_data_file(inside(folder, DATASET))
    name = folder.resolve().name
    configuration = name.rpartition("__")[2] if "__" in name else "3d_fullres"
    plans = Plans.of(read_data_file(inside(folder, PLANS)), configuration, folder / PLANS)
    card = _card(folder, dataset, plans)
    checkpoint, fold = _checkpoint(folder)
    # The same weights stand in a checkpoint under three names, two of which the original needs only.
    options = {"key": "network_weights", "without": [".all_modules.", "decoder.encoder."]}
    weights = run_contained("weights", checkpoint, lambda target: copy_numbers(checkpoint, target), options)
    remarks = [f"Weights of {fold} only; nnU-Net can average several folds.", *REMARKS]
    values = card.preprocessing["channels"][card.modality[0]][0]
    if values.get("nonzero"):
        remarks.append("Voxels of exactly 0 count as outside the patient, also within it.")
    elif values["kind"] == "zscore":
        remarks.append("Mean and spread are of the whole image; nnU-Net cuts a rim of exactly 0 off before.")
    origin = Origin(NOT_STATED, "imported by MedSeg from results of nnU-Net")
    return Draft(card, weights, Papers(origin=origin), tuple(remarks))


def _card(folder: Path, dataset: dict[str, Any], plans: Plans) -> ModelCard:
    labels = _labels(dataset, folder / DATASET)
    modality = _modality(dataset, folder / DATASET)
    reader = plans.data.get("image_reader_writer", "SimpleITKIO")
    if reader not in READERS:
        raise ModelError(f"{plans.path} is not taken: image_reader_writer is {reader!r}.", HINT)
    if plans.data.get("transpose_forward") != [0, 1, 2]:
        raise ModelError(f"{plans.path} is not taken: transpose_forward is not [0, 1, 2].", HINT)
    if plans.configuration.get("previous_stage"):
        plans.refuse("previous_stage", "names another model whose answer this one needs")
    spacing, patch = plans.numbers("spacing", 3), plans.numbers("patch_size", 3)
    grid = ModelGrid(
        orientation=READERS[reader],
        spacing_mm=(float(spacing[0]), float(spacing[1]), float(spacing[2])),
        tile=(int(patch[0]), int(patch[1]), int(patch[2])),
        overlap=0.5,
    )
    parent = folder.resolve().parent.name
    return ModelCard(
        name=model_name(parent if parent.startswith("Dataset") else folder.resolve().name),
        version=printable(str(plans.data.get("plans_name", "unknown")))[:80],
        engine="unet",
        task="semantic",
        modality=(modality,),
        licence=printable(str(dataset.get("licence") or dataset.get("license") or NOT_STATED))[:80],
        labels=labels,
        network=network_of(plans, len(labels) + 1),
        grid=grid,
        preprocessing={"channels": {modality: [_channel(plans)]}},
        summary=str(dataset.get("description", ""))[:2000],
        data=str(dataset.get("reference") or dataset.get("name") or plans.data.get("dataset_name", ""))[
            :2000
        ],
    )


def _labels(dataset: dict[str, Any], path: Path) -> dict[int, LabelClass]:
    table = dataset.get("labels")
    if not isinstance(table, dict) or table.get("background") != 0:
        raise ModelError(f"{path} is not taken: labels does not name background with 0.", HINT)
    regions = [name for name, value in table.items() if not isinstance(value, int) or isinstance(value, bool)]
    if regions:
        raise ModelError(f"{path} is not taken: labels.{regions[0]} is a region of several classes.", HINT)
    named = {value: str(name) for name, value in table.items() if name not in ("background", "ignore")}
    if sorted(named) != list(range(1, len(named) + 1)):
        raise ModelError(f"{path} is not taken: labels does not number the classes from 1 upwards.", HINT)
    return classes(named)


def _modality(dataset: dict[str, Any], path: Path) -> str:
    channels = dataset.get("channel_names")
    if not isinstance(channels, dict) or len(channels) != 1:
        raise ModelError(f"{path} is not taken: channel_names does not name one image.", HINT)
    name = str(next(iter(channels.values())))
    modality = modality_named(name)
    if not modality:
        raise ModelError(
            f"{path} is not taken: channel_names names {name!r}, no modality that is known.", HINT
        )
    return modality


def _channel(plans: Plans) -> dict[str, Any]:
    schemes = plans.configuration.get("normalization_schemes")
    scheme = schemes[0] if isinstance(schemes, list) and len(schemes) == 1 else None
    masked = plans.configuration.get("use_mask_for_norm")
    if scheme == "ZScoreNormalization":
        return {"kind": "zscore", "nonzero": masked == [True]}
    if scheme == "CTNormalization" and masked != [True]:
        return _window(plans)
    if scheme == "NoNormalization":
        return {"kind": "window", "low": 0.0, "high": 1.0, "to": [0.0, 1.0], "clip": False}
    return plans.refuse("normalization_schemes", f"is {schemes!r}, which MedSeg does not know")


def _window(plans: Plans) -> dict[str, Any]:
    """Clipped to percentiles of the training images, then their mean becomes 0 and their deviation 1."""
    table = plans.data.get("foreground_intensity_properties_per_channel")
    facts = table.get("0") if isinstance(table, dict) else None
    names = ("percentile_00_5", "percentile_99_5", "mean", "std")
    values = [facts.get(name) for name in names] if isinstance(facts, dict) else []
    numbers = [float(one) for one in values if isinstance(one, int | float)]
    if len(numbers) != 4 or numbers[3] <= 0:
        raise ModelError(
            f"{plans.path} is not taken: foreground_intensity_properties_per_channel is not understood.", HINT
        )
    low, high, mean, deviation = numbers
    to = [(low - mean) / deviation, (high - mean) / deviation]
    return {"kind": "window", "low": low, "high": high, "to": to}


def _checkpoint(folder: Path) -> tuple[Path, str]:
    """The weights of the first fold, and its name; a model trained on all cases comes first."""
    for fold in ("fold_all", *(f"fold_{n}" for n in range(100))):
        for name in CHECKPOINTS:
            if (folder / fold / name).is_file():
                return inside(folder, f"{fold}/{name}"), fold
    raise ModelError(f"{folder} holds no weights (fold_0/{CHECKPOINTS[0]}).", "Copy the whole folder again.")
