"""Slices with one bright block in noise, and none, with the targets of detectors."""

from __future__ import annotations

import torch

from medseg_app.training.instance_losses import LOSSES


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


def empty_slice() -> torch.Tensor:
    return torch.randn(1, 50, 60) * 0.1 - 0.75


def learn_blocks(network: torch.nn.Module, engine: str, steps: int) -> list[float]:
    """Teach a network slices with a block anywhere and one without; the loss of each step."""
    optimiser, losses = torch.optim.AdamW(network.train().parameters(), 2e-3), []
    for _ in range(steps):
        batch = [slice_with_block(int(torch.randint(30, ())), int(torch.randint(38, ()))) for _ in range(3)]
        images, targets = [image for image, _ in batch], [target for _, target in batch]
        loss = LOSSES[engine](network, [*images, empty_slice()], [*targets, NOTHING])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses
