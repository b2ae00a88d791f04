"""How a data set without a recipe is taught: schedule, loss and random changes that suit most images."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from medseg_app.engines.model_card import Network

from .plan_unet import UNetPlan
from .recipe import Augment, Loss, Training

STEPS = 20_000
MOST_DEPTHS = 2
"""Coarser levels of a U-Net that are judged too."""
ONE_IN = 10
"""Of so many patients one is only watched, so that the training ends when it gets no better."""
PATIENCE = 20
"""Looks without any gain, each 250 steps apart: a quarter of all steps."""
PASTED = 0.25
"""Share of patches of findings that get one of another patient."""


def usual_training(plan: UNetPlan | None, patients: int) -> Training:
    """The schedule for a planned U-Net, or for networks of findings; patients: of the whole data set."""
    watch = patients // ONE_IN
    patience = PATIENCE if watch else 0
    if plan is not None:
        return Training(STEPS, 1, plan.patch, 2e-3, watch=watch, patience=patience)
    return Training(STEPS, 4, (2, 128, 128), 5e-4, foreground=0.75, watch=watch, patience=patience)


def usual_augment(task: Literal["semantic", "instance"], modality: str) -> Augment:
    """Never mirrored: sides may be classes."""
    return Augment(
        zoom=0.2, rotate_degrees=15, tilt_degrees=5, shift=0.1, contrast=0.1, noise=0.1, gamma=0.3, blur=0.2,
        bias=0.3 if modality == "MR" else 0.0,
        paste=PASTED if task == "instance" else 0.0,
    )  # fmt: skip


def usual_loss(plan: UNetPlan | None) -> Loss:
    """Cross entropy and Dice, at several depths where the network has them."""
    return Loss() if plan is None else Loss(deep=min(MOST_DEPTHS, depths_of(len(plan.strides))))


def judged(loss: Loss, network: Network) -> tuple[Loss, str]:
    """The loss that another network can be judged by, and what was left out of it in words, if anything."""
    most = depths_of(len(network.arguments["strides"])) if network.name == "DynUNet" else 0
    if loss.deep <= most:
        return loss, ""
    return replace(loss, deep=most), f"{network.name} is judged at {most} coarser levels, not {loss.deep}"


def depths_of(levels: int) -> int:
    """How many coarser levels of a DynUNet can be judged: none of the two coarsest."""
    return max(levels - 2, 0)
