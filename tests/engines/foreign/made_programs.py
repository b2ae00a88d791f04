"""TorchScript programs: one that segments, and one that also writes a file wherever it may."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import nn

CARD = """
modality = ["CT"]
version = "1.2"
licence = "CC-BY-4.0"

[labels]
1 = "Liver"

[grid]
orientation = "SPL"
tile = [16, 16, 16]

[[preprocessing.channels.CT]]
kind = "window"
low = -100
high = 300
"""


class Segmenting(nn.Module):
    """Two classes from one channel; the sign of the voxel decides."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(1, 2, 3, padding=1, bias=False)
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.weight[1, 0, 1, 1, 1] = 1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


class Planting(Segmenting):
    """Does the same and saves a tensor under a name of its own."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        torch.save(x, self.place)
        return self.conv(x)


class Reading(Segmenting):
    """Answers with the bytes of a file."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        secret = torch.from_file(self.place, False, 8, dtype=torch.uint8)
        return self.conv(x) + secret.float().mean() * 0.0


class Endless(Segmenting):
    """Never answers."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n = 0
        while n >= 0:
            n += int(x.numel() > 0)
            n = min(n, 1000)
        return self.conv(x)


class Hungry(Segmenting):
    """Wants a terabyte."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x) + torch.zeros([1 << 38]).sum()


def write_program(path: Path, module: nn.Module, card: str = CARD) -> Path:
    """A TorchScript file and, unless it is empty, the card beside it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is on its way out, which is no news here
        torch.jit.script(module.eval()).save(str(path))
    if card:
        path.with_suffix(".toml").write_text(card)
    return path
