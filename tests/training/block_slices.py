"""Slices with one bright block in noise, and none, with the targets of detectors."""

from __future__ import annotations

import torch


def slice_with_block(row: int, column: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """A slice of 50 x 60 with a bright block of 16 x 20 (odd sizes, so padding takes part)."""
    mask = torch.zeros(1, 50, 60, dtype=torch.uint8)
    mask[0, row : row + 16, column : column + 20] = 1
    image = mask.float() * 1.5 - 0.75 + 0.1 * torch.randn(1, 50, 60)
    box = torch.tensor([[column, row, column + 20, row + 16]], dtype=torch.float32)
    return image, {"boxes": box, "labels": torch.tensor([1]), "masks": mask}


NOTHING = {
    "boxes": torch.zeros(0, 4),
    "labels": torch.zeros(0, dtype=torch.int64),
    "masks": torch.zeros(0, 50, 60, dtype=torch.uint8),
}
