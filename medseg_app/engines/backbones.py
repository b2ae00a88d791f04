"""Backbones of torchvision with a feature pyramid, for any number of channels, under torchvision's names.

Nothing is downloaded: networks are built without weights.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from torchvision.models import mobilenet_v3_large, resnet18, resnet50
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.ops import FrozenBatchNorm2d

from .slice_pyramid import group_norm

Norm = Callable[[int], nn.Module]
NORMS: dict[str, Norm] = {"group": group_norm, "frozen": FrozenBatchNorm2d}
"""group: learns from scratch at any batch size. frozen: as weights of torchvision's need it; it computes with
their statistics and never changes them. (Its epsilon of 1e-5 also outlasts statistics stored in float16.)"""


@dataclass(frozen=True)
class Backbone:
    """How to build a body; its stages of strides 4, 8, 16 and 32 by name, with the channels of each.

    stem, stem_norm: names of the first convolution and of the norm behind it.
    """

    build: Callable[[Norm], nn.Module]
    stages: dict[str, int]
    stem: str
    stem_norm: str


class DetectorPyramid(BackboneWithFPN):
    """Features (n, width, j, i) at strides 4, 8, 16, 32 and 64, finest first."""

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        """Detection heads work in float32; only this part may run in bfloat16."""
        return OrderedDict((name, level.float()) for name, level in super().forward(images).items())


def detector_pyramid(
    name: str, in_channels: int, width: int, norm: Norm, pyramid_norm: Norm | None = None
) -> DetectorPyramid:
    """The backbone of a name for images (n, in_channels, j, i). Raises ValueError for a name not known."""
    if name not in BACKBONES:
        raise ValueError(f"the backbone is one of {', '.join(BACKBONES)}")
    kind = BACKBONES[name]
    body = kind.build(norm)
    _widen_stem(body, kind.stem, in_channels)
    levels = {stage: str(n) for n, stage in enumerate(kind.stages)}
    return DetectorPyramid(body, levels, list(kind.stages.values()), width, norm_layer=pyramid_norm)


def _widen_stem(body: nn.Module, stem: str, in_channels: int) -> None:
    old = body.get_submodule(stem)
    place, _, last = stem.rpartition(".")
    new = nn.Conv2d(
        in_channels, old.out_channels, old.kernel_size, old.stride, old.padding, bias=old.bias is not None
    )
    setattr(body.get_submodule(place), last, new)


def _resnet(build: Callable[..., nn.Module], widths: tuple[int, ...]) -> Backbone:
    stages = {f"layer{n + 1}": width for n, width in enumerate(widths)}
    return Backbone(lambda norm: build(weights=None, norm_layer=norm), stages, "conv1", "bn1")


BACKBONES: dict[str, Backbone] = {
    "resnet18": _resnet(resnet18, (64, 128, 256, 512)),
    "resnet50": _resnet(resnet50, (256, 512, 1024, 2048)),
    # torchvision's detectors take its strides of 32 only; findings are too small for that.
    "mobilenet": Backbone(
        lambda norm: mobilenet_v3_large(weights=None, norm_layer=norm).features,
        {"2": 24, "4": 40, "7": 80, "16": 960},
        "0.0",
        "0.1",
    ),
}
"""Name in the card -> body."""
