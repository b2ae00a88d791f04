"""Marginal loss: what was not annotated is neither rewarded nor punished."""

from __future__ import annotations

import pytest
import torch

from medseg_app.training.losses import marginal_dice_ce

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
