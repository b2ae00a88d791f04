"""UNet2015: the U-Net as Ronneberger, Fischer and Brox published it (arXiv 1505.04597).

Convolutions are not padded, so the network answers the middle of what it sees: 388 of 572 pixels. What lies
beyond an image is mirrored by whoever asks (see slice_tiles.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

DEPTH = 4
CROPS = (88, 40, 16, 4)
"""Pixels on each side of a map of the way down that the way up no longer has, finest first."""
LOST = 184
"""How much longer the edges of the image are than those of the answer."""
STEP, LEAST_EDGE = 2**DEPTH, 188
"""Edges of an image are 188 and any number of 16 more."""
DROPPED = 0.5


class UNet2015(nn.Module):
    """Logits (b, out_channels, j - 184, i - 184) of slices (b, in_channels, j, i).

    width: channels of the finest level, 64 in the paper. Raises ValueError where an edge does not halve
    without a rest at every level.
    """

    def __init__(self, in_channels: int, out_channels: int, width: int = 64) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(DEPTH + 1)]
        before = [in_channels, *widths]
        self.down = nn.ModuleList(_two(a, b) for a, b in zip(before, widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * n, n, 2, stride=2) for n in widths[:-1])
        self.merge = nn.ModuleList(_two(2 * n, n) for n in widths[:-1])
        self.last = nn.Conv2d(width, out_channels, 1)
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(DROPPED)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, images: Tensor) -> Tensor:
        """The logits of the middle of each image."""
        if not torch.jit.is_tracing():
            _check(images.shape[2:])
        features, kept = images, list[Tensor]()
        for level in range(DEPTH):
            features = self.down[level](features)
            if level == DEPTH - 1:
                features = self.dropout(features)
            kept.append(features)
            features = self.pool(features)
        features = self.dropout(self.down[DEPTH](features))
        for level in reversed(range(DEPTH)):
            crop = slice(CROPS[level], -CROPS[level])
            both = [kept[level][:, :, crop, crop], self.up[level](features)]
            features = self.merge[level](torch.cat(both, dim=1))
        logits: Tensor = self.last(features)
        return logits


def _two(before: int, after: int) -> nn.Sequential:
    first, second = nn.Conv2d(before, after, 3), nn.Conv2d(after, after, 3)
    return nn.Sequential(first, nn.ReLU(inplace=True), second, nn.ReLU(inplace=True))


def _check(edges: torch.Size) -> None:
    if any(edge < LEAST_EDGE or (edge - LEAST_EDGE) % STEP for edge in edges):
        raise ValueError(
            f"UNet2015 sees {LEAST_EDGE} pixels and any number of {STEP} more, not {tuple(edges)}"
        )
