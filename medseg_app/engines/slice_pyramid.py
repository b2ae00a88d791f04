"""What all networks for grey slices share: images as they are, and a feature pyramid (torchvision).

The body is a ResNet-18 with GroupNorm (learns from scratch at any batch size) on any number of input
channels. Images are taken as they are: neither resized nor normalised; in a batch they are padded to a
multiple of 32 at the lower right.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torchvision.models import resnet18
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.transform import GeneralizedRCNNTransform

BODY_WIDTHS = (64, 128, 256, 512)


class AsTheyAre(GeneralizedRCNNTransform):
    """Batches images without resizing or normalising: the card's preprocessing did what is needed."""

    def normalize(self, image: Tensor) -> Tensor:
        """The image itself."""
        return image

    def resize(
        self, image: Tensor, target: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, dict[str, Tensor] | None]:
        """The image and its boxes and masks themselves."""
        return image, target


class SlicePyramid(nn.Module):
    """First stages of a ResNet-18, and a feature pyramid with one more stride than stages: 4, 8, ..."""

    def __init__(self, in_channels: int, width: int, stages: int) -> None:
        super().__init__()
        body = resnet18(weights=None, norm_layer=group_norm)
        body.conv1 = nn.Conv2d(in_channels, 64, 7, stride=2, padding=3, bias=False)
        levels = {f"layer{n + 1}": str(n) for n in range(stages)}
        self.net = BackboneWithFPN(body, levels, list(BODY_WIDTHS[:stages]), width)
        self.out_channels = width

    def forward(self, images: Tensor) -> OrderedDict[str, Tensor]:
        """Features (n, width, j, i) by stride, finest first."""
        # Detection heads work in float32; only this part may run in bfloat16.
        return OrderedDict((name, level.float()) for name, level in self.net(images).items())


def group_norm(channels: int) -> nn.Module:
    """The norm of all bodies: it learns from scratch at any batch size."""
    most = min(32, channels // 4)
    return nn.GroupNorm(next(n for n in range(most, 0, -1) if channels % n == 0), channels)
