"""Losses on hand-made cases; what was not annotated is neither rewarded nor punished."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from medseg_app.training.losses import borders, boundary_loss, edge_loss, gap_weights, marginal_dice_ce
from medseg_app.training.recipe import Loss
from medseg_app.training.voxel_loss import voxel_loss

SHAPE = (1, 4, 4, 6, 6)
KNOWN = torch.tensor([[True, True, True, True]])
WITHOUT_2 = torch.tensor([[True, True, False, True]])


def target() -> torch.Tensor:
    labels = torch.zeros(1, 4, 6, 6, dtype=torch.long)
    labels[:, :, :2] = 1
    labels[:, :, 4:] = 3
    return labels


def certain(labels: torch.Tensor) -> torch.Tensor:
    return 20.0 * torch.nn.functional.one_hot(labels, 4).movedim(-1, 1).float()


def test_the_right_answer_costs_nothing_and_a_wrong_one_does():
    truth = target()
    truth[:, :, 2:4] = 2
    assert marginal_dice_ce(certain(truth), truth, KNOWN).item() == pytest.approx(0.0, abs=1e-3)
    assert marginal_dice_ce(certain(truth.flip(2)), truth, KNOWN).item() > 5


def test_an_unknown_class_may_be_proposed_where_truth_says_background():
    proposal = target()
    proposal[:, :, 2:4] = 2
    assert marginal_dice_ce(certain(proposal), target(), WITHOUT_2).item() == pytest.approx(0.0, abs=1e-3)
    assert marginal_dice_ce(certain(proposal), target(), KNOWN).item() > 1


def test_an_unknown_class_is_wrong_where_another_was_annotated():
    proposal = target()
    proposal[:, :, :2] = 2
    assert marginal_dice_ce(certain(proposal), target(), WITHOUT_2).item() > 1


def test_no_gradient_moves_between_background_and_an_unknown_class():
    logits = torch.randn(SHAPE, requires_grad=True)
    truth = torch.zeros(1, 4, 6, 6, dtype=torch.long)
    marginal_dice_ce(logits, truth, WITHOUT_2).backward()
    with torch.no_grad():
        share = torch.softmax(logits[:, [0, 2]], dim=1)
        both = logits.grad[:, [0, 2]]
    # Along the line that trades one for the other at a fixed sum, the loss does not change.
    trade = both[:, 0] / share[:, 0] - both[:, 1] / share[:, 1]
    assert trade.abs().max().item() < 1e-5


def test_gradients_are_finite_when_nothing_was_annotated():
    logits = torch.randn(SHAPE, requires_grad=True)
    nobody = torch.tensor([[True, False, False, False]])
    loss = marginal_dice_ce(logits, torch.zeros(1, 4, 6, 6, dtype=torch.long), nobody)
    loss.backward()
    assert torch.isfinite(logits.grad).all()


def test_a_class_that_the_batch_does_not_show_is_left_to_the_cross_entropy():
    truth = target()
    truth[truth == 3] = 0
    proposal = truth.clone()
    proposal[:, :, 5, 0] = 3
    logits = certain(proposal)
    pixels = torch.nn.functional.cross_entropy(logits, truth)
    assert pixels.item() > 0.1
    assert marginal_dice_ce(logits, truth, KNOWN).item() == pytest.approx(pixels.item(), abs=1e-3)


def test_an_image_without_annotation_does_not_spoil_the_dice_of_the_others():
    both = torch.cat([target(), torch.zeros_like(target())])
    proposal = torch.cat([target(), target()])
    nobody = torch.tensor([[True, True, True, True], [True, False, False, False]])
    assert marginal_dice_ce(certain(proposal), both, nobody).item() == pytest.approx(0.0, abs=1e-3)


def test_focal_loss_forgives_voxels_that_are_nearly_right_and_not_those_that_are_wrong():
    truth = target()
    nearly, wrong = certain(truth) / 10, certain(truth.flip(2)) / 10
    plain = [marginal_dice_ce(logits, truth, KNOWN).item() for logits in (nearly, wrong)]
    focal = [marginal_dice_ce(logits, truth, KNOWN, focal=2.0).item() for logits in (nearly, wrong)]
    dice = [
        (marginal_dice_ce(logits, truth, KNOWN) - torch.nn.functional.cross_entropy(logits, truth)).item()
        for logits in (nearly, wrong)
    ]
    kept = [(f - d) / (p - d) for f, p, d in zip(focal, plain, dice, strict=True)]
    assert kept[0] < 0.15 < kept[1]


def test_boundary_loss_is_least_for_the_truth_and_grows_with_the_distance():
    truth = torch.zeros(1, 6, 12, 12, dtype=torch.long)
    truth[:, 1:5, 2:6, 2:6] = 1
    near, far = truth.roll(1, 3), truth.roll(5, 3)
    losses = [boundary_loss(certain(labels), truth, KNOWN).item() for labels in (truth, near, far)]
    assert losses == sorted(losses)
    assert losses[0] < 0 < losses[2]


def test_boundary_loss_leaves_unknown_classes_alone():
    proposal = target()
    proposal[:, :, 2:4] = 2
    without = boundary_loss(certain(target()), target(), WITHOUT_2).item()
    assert boundary_loss(certain(proposal), target(), WITHOUT_2).item() == pytest.approx(without, abs=1e-4)


@pytest.mark.parametrize("shape", [(1, 3, 5, 6), (1, 5, 6)])
def test_borders_are_where_classes_meet(shape):
    labels = torch.zeros(shape, dtype=torch.long)
    labels[..., 3:] = 2
    assert set(borders(labels).nonzero()[:, -1].tolist()) == {2, 3}
    right, known = torch.where(borders(labels), 20.0, -20.0), torch.ones(1, 3, dtype=torch.bool)
    assert edge_loss(right, labels, known).item() == pytest.approx(0.0, abs=1e-3)
    assert edge_loss(-right, labels, known).item() > 10


def test_borders_of_a_class_that_was_not_annotated_cost_nothing():
    """Where it may hide, in background; what is annotated keeps its borders."""
    truth = torch.zeros((1, 4, 9, 9), dtype=torch.long)
    truth[:, :, :4, :4] = 1
    hidden = truth.clone()
    hidden[:, :, 6:, 6:] = 2
    drawn = torch.where(borders(hidden), 20.0, -20.0)
    known = torch.ones(1, 3, dtype=torch.bool)
    unknown = known.clone()
    unknown[:, 2] = False
    assert edge_loss(drawn, truth, unknown).item() == pytest.approx(0.0, abs=1e-3)
    assert edge_loss(drawn, truth, known).item() > 1
    missed = torch.where(borders(truth), -20.0, drawn)
    assert edge_loss(missed, truth, unknown).item() > 1
    everywhere = torch.full_like(drawn, 20.0)
    assert edge_loss(everywhere, truth, unknown).item() > 1, "inside a class there is no border"
    logits = torch.cat([torch.nn.functional.one_hot(hidden, 3).movedim(-1, 1) * 20.0, drawn[:, None]], 1)
    assert voxel_loss(Loss(edges=0.5), logits, truth, unknown).item() == pytest.approx(0.0, abs=1e-3)


def test_every_depth_is_judged_and_the_finest_counts_most():
    truth, wanted = target(), Loss(deep=1)
    right, wrong = certain(truth), certain(truth.flip(2))

    def judged(fine: torch.Tensor, coarse: torch.Tensor) -> float:
        return voxel_loss(wanted, torch.stack([fine, coarse], dim=1), truth, KNOWN).item()

    assert judged(right, right) == pytest.approx(0.0, abs=1e-3)
    assert 0 < judged(right, wrong) < judged(wrong, right) < judged(wrong, wrong)
    assert judged(wrong, right) == pytest.approx(2 * judged(right, wrong), rel=1e-3)


def test_the_channel_of_borders_is_judged_apart_from_the_classes():
    truth = target()
    edges = torch.where(borders(truth), 20.0, -20.0)[:, None]
    wanted = Loss(edges=0.5)
    assert voxel_loss(wanted, torch.cat([certain(truth), edges], 1), truth, KNOWN).item() < 1e-2
    missed = voxel_loss(wanted, torch.cat([certain(truth), -edges], 1), truth, KNOWN).item()
    assert missed == pytest.approx(0.5 * edge_loss(-edges[:, 0], truth, KNOWN).item(), rel=1e-3)


def test_distances_count_only_towards_the_end():
    truth, wanted = target(), Loss(boundary=1.0)
    logits = certain(truth.roll(2, 2))
    early, late, last = (voxel_loss(wanted, logits, truth, KNOWN, share).item() for share in (0.5, 0.8, 1.0))
    assert early == pytest.approx(marginal_dice_ce(logits, truth, KNOWN).item())
    assert (last - early) == pytest.approx(boundary_loss(logits, truth, KNOWN).item(), rel=1e-3)
    assert (late - early) == pytest.approx(0.4 * (last - early), rel=1e-3)


def test_a_gap_between_two_objects_weighs_as_in_the_unet_of_2015():
    target = torch.zeros(2, 9, 40, dtype=torch.long)
    target[0, 2:7, 4:10] = 1
    target[0, 2:7, 14:20] = 1
    target[1, 2:7, 4:10] = 1
    weights = gap_weights(target, 10.0)
    assert weights.shape == target.shape
    assert (weights[target > 0] == 1).all()
    assert (weights[1] == 1).all(), "one object has no gap"
    # In the gap of four pixels every pixel is 1 + 4 or 2 + 3 pixels from both objects.
    expected = 1 + 10 * np.exp(-(5**2) / (2 * 5**2))
    assert weights[0, 4, 10:14].numpy() == pytest.approx([expected] * 4, rel=1e-5)
    assert weights[0, 4, 22] == pytest.approx(1 + 10 * np.exp(-((3 + 13) ** 2) / 50), rel=1e-4)
    assert weights[0, 4, 39] == pytest.approx(1, abs=1e-4)


def test_objects_of_two_classes_have_a_gap_too():
    target = torch.zeros(1, 5, 5, 12, dtype=torch.long)
    target[0, :, :, :5], target[0, :, :, 7:] = 1, 2
    assert gap_weights(target, 10.0)[0, 2, 2, 5:7].min() > 8


def test_weights_make_a_wrong_gap_dearer():
    target = torch.zeros(1, 5, 12, dtype=torch.long)
    target[0, :, :5], target[0, :, 7:] = 1, 1
    logits, known = torch.zeros(1, 2, 5, 12), torch.ones(1, 2, dtype=torch.bool)
    logits[:, 1] = 4.0  # everything is one object
    plain = voxel_loss(Loss(), logits, target, known)
    assert voxel_loss(Loss(gaps=10.0), logits, target, known) > 3 * plain
