"""A tiny data set of blocks in noise, and recipes that train on it in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from medseg_app.training.recipe import Recipe

SHAPE = (12, 32, 30)

COMMON = """
name = "tiny-{task}"
version = "1"
engine = "{engine}"
task = "{task}"
modality = ["CT"]
licence = "Apache-2.0"

[labels.1]
name = "Block"
colour = [200, 60, 60]
kind = "{kind}"

[labels.2]
name = "Rod"
colour = [60, 60, 200]
kind = "{kind}"

[preprocessing]
neighbours = {neighbours}
channels.CT = [{{ kind = "window", low = -200, high = 400 }}]

[source]
kind = "folder"
folder = "."
pairs = [{{ modality = "CT", image = "*_image.nii.gz", labels = "*_mask.nii.gz" }}]
absent = "{absent}"
"""

SEMANTIC = """
[network]
name = "UNet"
[network.arguments]
spatial_dims = 3
in_channels = 1
out_channels = 3
channels = [4, 8]
strides = [2]

[training]
steps = {steps}
batch = 2
patch = [8, 16, 16]
first_patch = [4, 16, 16]
learning_rate = 1e-2
warmup = 2
ema = 0.9
precision = "float32"

[augment]
zoom = 0.1
rotate_degrees = 10
noise = 0.05
air = true
"""

INSTANCE = """
[network]
name = "MaskRCNNSlim"
[network.arguments]
in_channels = 3
num_classes = 3
width = 16
stages = 2
anchor_sizes = [8, 16, 24]

[training]
steps = {steps}
batch = 1
patch = [2, 32, 32]
learning_rate = 1e-3
ema = 0.9
precision = "float32"

[augment]
flip = true
contrast = 0.1
"""


def write_image(path: Path, voxels: np.ndarray) -> None:
    """A NIfTI file with LPS axes, 3 x 1 x 1 mm."""
    import SimpleITK

    image = SimpleITK.GetImageFromArray(voxels)
    image.SetSpacing((1.0, 1.0, 3.0))
    SimpleITK.WriteImage(image, str(path))


def write_cases(folder: Path, count: int = 4, without_rod: tuple[int, ...] = ()) -> None:
    """Cases p0, p1, ... with a block (1) and a rod (2) at random places."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        rng = np.random.default_rng(number)
        labels = np.zeros(SHAPE, np.uint8)
        k, j, i = rng.integers(1, 5), rng.integers(2, 12), rng.integers(2, 8)
        labels[k : k + 6, j : j + 9, i : i + 8] = 1
        if number not in without_rod:
            labels[:, 24:29, 20:26] = 2
        image = rng.normal(0, 30, SHAPE) + np.choose(labels, [-50, 150, 320])
        image[:, :1] = -1024
        write_image(folder / f"p{number}_image.nii.gz", image.astype(np.int16))
        write_image(folder / f"p{number}_mask.nii.gz", labels)


def write_recipe(folder: Path, task: str = "semantic", steps: int = 6, unknown: bool = False) -> Path:
    """The recipe for `write_cases` in the same folder."""
    instance = task == "instance"
    common = COMMON.format(
        task=task,
        engine="mask_rcnn" if instance else "unet",
        kind=task,
        neighbours=1 if instance else 0,
        absent="unknown" if unknown else "empty",
    )
    path = folder / f"{task}.toml"
    path.write_text(common + (INSTANCE if instance else SEMANTIC).format(steps=steps))
    return path


def train_tiny(folder: Path) -> tuple[Recipe, Path]:
    """A recipe of five cases with one kept back, and the folder of the model that learned from the others."""
    from medseg_app.training.recipe import read_recipe
    from medseg_app.training.train import run_training

    write_cases(folder, 5)
    recipe = read_recipe(write_recipe(folder, steps=60))
    return recipe, run_training(recipe, folder / "model")
