"""All adapters keep the engine contract with tiny random networks in real model folders."""

from __future__ import annotations

import numpy as np
import pytest

from medseg_app.core.volume import Volume
from medseg_app.engines.combined_model import combine
from medseg_app.engines.model_folder import ModelFolder

from .contract import EngineContract
from .grids import GRIDS, ellipsoid
from .tiny_models import write_tiny_model


class _OnNoise(EngineContract):
    """A bright ellipsoid in noise on the grid, and the tiny model of `engine`."""

    engine: str
    grid = "oblique"

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
        return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", cls.engine)

    @pytest.fixture(scope="class")
    @classmethod
    def volume(cls) -> Volume:
        geometry = GRIDS[cls.grid]
        noise = np.random.default_rng(5).normal(0, 60, geometry.shape)
        voxels = (ellipsoid(geometry) * 900 - 600 + noise).astype(np.int16)
        return Volume(voxels, geometry, "1.2.3", "CT")


class TestUNet(_OnNoise):
    engine = "unet"


class TestUNetForFindings(_OnNoise):
    engine = "unet for findings"


class TestUNetForSlices(_OnNoise):
    engine = "unet for slices"
    looks_at_slices = True


class TestUNet2015(_OnNoise):
    engine = "unet of 2015"
    looks_at_slices = True


class TestMaskRCNN(_OnNoise):
    engine = "mask_rcnn"
    looks_at_slices = True
    grid = "anisotropic"


class TestMaskRCNNOfTorchvision(_OnNoise):
    engine = "mask_rcnn of torchvision"
    looks_at_slices = True
    grid = "anisotropic"


class TestYolact(_OnNoise):
    engine = "yolact"
    looks_at_slices = True
    grid = "anisotropic"


class TestPanoptic(_OnNoise):
    """The classes of a U-Net and the findings of a Mask R-CNN."""

    grid = "anisotropic"

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
        place = tmp_path_factory.mktemp("models")
        return combine(tuple(write_tiny_model(place / name, name) for name in ("unet", "mask_rcnn")))


class TestMask2Former(_OnNoise):
    engine = "mask2former"
    looks_at_slices = True
    grid = "anisotropic"


class TestMaskFormer(_OnNoise):
    engine = "maskformer"
    looks_at_slices = True
    grid = "anisotropic"


class TestDetr(_OnNoise):
    engine = "detr"
    looks_at_slices = True
    grid = "anisotropic"
