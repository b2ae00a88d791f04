"""All adapters keep the engine contract with tiny random networks in real model folders."""

from __future__ import annotations

import pytest

from medseg_app.engines.combined_model import combine
from medseg_app.engines.model_folder import ModelFolder

from .on_noise import OnNoise
from .tiny_models import write_tiny_model


class _Tiny(OnNoise):
    """The tiny model of the engine, or that of the name `tiny`."""

    tiny = ""

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
        return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", cls.tiny or cls.engine)


class TestUNet(_Tiny):
    engine = "unet"


class TestUNetForFindings(_Tiny):
    engine, tiny = "unet", "unet for findings"


class TestUNetForSlices(_Tiny):
    engine, tiny = "unet", "unet for slices"
    looks_at_slices = True


class TestUNet2015(_Tiny):
    engine, tiny = "unet", "unet of 2015"
    looks_at_slices = True


class TestMaskRCNN(_Tiny):
    engine = "mask_rcnn"
    looks_at_slices = True
    grid = "anisotropic"


class TestMaskRCNNOfTorchvision(_Tiny):
    engine, tiny = "mask_rcnn", "mask_rcnn of torchvision"
    looks_at_slices = True
    grid = "anisotropic"


class TestYolact(_Tiny):
    engine = "yolact"
    looks_at_slices = True
    grid = "anisotropic"


class TestPanoptic(OnNoise):
    """The classes of a U-Net and the findings of a Mask R-CNN."""

    engine = "panoptic"
    grid = "anisotropic"

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
        place = tmp_path_factory.mktemp("models")
        return combine(tuple(write_tiny_model(place / name, name) for name in ("unet", "mask_rcnn")))


class TestVoting(OnNoise):
    """The findings of a Mask R-CNN and of a YOLACT."""

    engine = "voting"
    looks_at_slices = True
    grid = "anisotropic"

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
        place = tmp_path_factory.mktemp("models")
        return combine(tuple(write_tiny_model(place / name, name, name) for name in ("mask_rcnn", "yolact")))


class TestMask2Former(_Tiny):
    engine = "mask2former"
    looks_at_slices = True
    grid = "anisotropic"


class TestMaskFormer(_Tiny):
    engine, tiny = "mask2former", "maskformer"
    looks_at_slices = True
    grid = "anisotropic"


class TestDetr(_Tiny):
    engine = "detr"
    looks_at_slices = True
    grid = "anisotropic"


class TestDetrOf2020(_Tiny):
    engine, tiny = "detr", "detr of 2020"
    looks_at_slices = True
    grid = "anisotropic"
