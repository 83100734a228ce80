"""One update of one network: the loss of a minibatch, its gradients, a step of the optimizer."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from dropout_study.noise.attach import penalties
from dropout_study.training.device import autocast
from dropout_study.training.max_norm import hidden_weights, limit_norms
from dropout_study.training.settings import TrainSettings


def train_minibatch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    settings: TrainSettings,
    examples: int,
) -> tuple[Tensor, Tensor]:
    """Makes one update; returns the mean loss and the logits [B, K] before it.

    What is minimised is the loss and the penalties of noise layers, which depend on the number of
    ``examples`` in the training split.
    """
    loss, logits = training_loss(model, images, labels, settings)
    optimizer.zero_grad()
    sum(penalties(model, examples), start=loss).backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    if settings.max_norm is not None:
        for weight in hidden_weights(model).values():
            limit_norms(weight, settings.max_norm)
    return loss.detach(), logits.detach()


def training_loss(
    model: nn.Module, images: Tensor, labels: Tensor, settings: TrainSettings
) -> tuple[Tensor, Tensor]:
    """Returns what training minimises, a mean over the minibatch, and the logits [B, K].

    The cross entropy, with labels smoothed as torch does: a label has the probability 1 - s + s / K
    and each other class s / K. With ``r_drop`` = a there are two passes, each
    with draws of its own, and the loss is (loss1 + loss2) / 2 + a * symmetric_kl; the logits are
    those of the first pass.
    """
    with autocast(labels.device, settings.bfloat16):
        logits = model(images).float()  # the loss is computed in float32 in either precision
    loss = cross_entropy(logits, labels, label_smoothing=settings.label_smoothing)
    if not settings.r_drop:
        return loss, logits
    with autocast(labels.device, settings.bfloat16):
        again = model(images).float()
    other = cross_entropy(again, labels, label_smoothing=settings.label_smoothing)
    return (loss + other) / 2 + settings.r_drop * symmetric_kl(logits, again), logits


def symmetric_kl(one: Tensor, other: Tensor) -> Tensor:
    """Returns the mean of KL(P || Q) and KL(Q || P), in nats, over the examples of logits [B, K].

    Liang et al. 2021, "R-Drop: regularized dropout for neural networks", equation 2.
    """
    p, q = log_softmax(one, dim=1), log_softmax(other, dim=1)
    there = kl_div(q, p, reduction="batchmean", log_target=True)
    back = kl_div(p, q, reduction="batchmean", log_target=True)
    return (there + back) / 2
