"""Crew: the processes of one training that torchrun started, one per GPU; alone where there are none.

Each draws batches of its own; gradients are averaged, so all keep the same weights. The leader writes.

    torchrun --nproc-per-node 2 -m medseg_app train RECIPE
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Crew:
    """rank: this process (0 leads), of so many."""

    rank: int = 0
    size: int = 1

    @classmethod
    def of_environment(cls) -> Crew:
        """The crew that torchrun's variables tell of; its members find each other now."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        import torch
        from torch import distributed

        if not distributed.is_initialized():
            # By where the tensors lie: beside a GPU one may still train on the processor.
            distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
        return cls(distributed.get_rank(), size)

    @property
    def leads(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def device(self, wanted: str) -> str:
        """The GPU of this process where GPUs are wanted."""
        if self.size == 1 or not wanted.startswith("cuda"):
            return wanted
        return f"cuda:{os.environ.get('LOCAL_RANK', self.rank)}"

    def average(self, network: nn.Module) -> None:
        """Give every process the mean of all gradients; where one has none for a weight, its share is zero.

        A batch without findings leaves heads aside that others learn from. A weight that nobody's batch
        reached keeps no gradient.
        """
        if self.size == 1:
            return
        import torch
        from torch import distributed

        parameters = list(network.parameters())
        reached = torch.tensor([float(p.grad is not None) for p in parameters], device=parameters[0].device)
        distributed.all_reduce(reached)
        for parameter in (p for p, count in zip(parameters, reached.tolist(), strict=True) if count):
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            distributed.all_reduce(parameter.grad)
            parameter.grad /= self.size

    def agree(self, number: float, device: str) -> float:
        """The leader's number: clocks differ, and nobody may stop a step earlier than the others."""
        if self.size == 1:
            return number
        import torch
        from torch import distributed

        told = torch.tensor([number], dtype=torch.float64, device=device)
        distributed.broadcast(told, 0)
        return float(told)
