"""All adapters keep the engine contract with tiny random networks in real model folders."""

from __future__ import annotations

import pytest

from medseg_app.engines.combined_model import combine
from medseg_app.engines.model_folder import ModelFolder

from .on_noise import OnNoise
from .tiny_models import write_tiny_model


class _Tiny(OnNoise):
    """The tiny model of the name `tiny`."""

    tiny: str

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
        return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny", cls.tiny)


class TestUNet(_Tiny):
    tiny = "unet"


class TestUNetForFindings(_Tiny):
    tiny = "unet for findings"


class TestUNetForSlices(_Tiny):
    tiny = "unet for slices"
    looks_at_slices = True


class TestUNet2015(_Tiny):
    tiny = "unet of 2015"
    looks_at_slices = True


class TestMaskRCNN(_Tiny):
    tiny = "mask_rcnn"
    looks_at_slices = True
    grid = "anisotropic"


class TestMaskRCNNOfTorchvision(_Tiny):
    tiny = "mask_rcnn of torchvision"
    looks_at_slices = True
    grid = "anisotropic"


class TestYolact(_Tiny):
    tiny = "yolact"
    looks_at_slices = True
    grid = "anisotropic"


class TestPanoptic(OnNoise):
    """The classes of a U-Net and the findings of a Mask R-CNN."""

    grid = "anisotropic"

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
        place = tmp_path_factory.mktemp("models")
        return combine(tuple(write_tiny_model(place / name, name) for name in ("unet", "mask_rcnn")))


class TestMask2Former(_Tiny):
    tiny = "mask2former"
    looks_at_slices = True
    grid = "anisotropic"


class TestMaskFormer(_Tiny):
    tiny = "maskformer"
    looks_at_slices = True
    grid = "anisotropic"


class TestDetr(_Tiny):
    tiny = "detr"
    looks_at_slices = True
    grid = "anisotropic"
