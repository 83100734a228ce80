"""Evaluates networks on a split, dropout off."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from dropout_study.data.splits import Examples
from dropout_study.training.images import scaled
from dropout_study.training.metrics import (
    DEFAULT_METRICS,
    Meter,
    MetricTypes,
    Scores,
    mean_losses,
)

EVALUATION_BATCH = 2048
"""Images a forward pass. Only memory and time depend on it, not the result."""


def evaluate(
    model: nn.Module, examples: Examples, metrics: MetricTypes = DEFAULT_METRICS
) -> dict[str, float]:
    """Returns the metrics of ``model`` on ``examples`` by name."""
    model.eval()
    meter = Meter(metrics, 1, examples.labels.device)
    return measure(lambda images: model(images).unsqueeze(0), examples, meter, EVALUATION_BATCH)[0]


@torch.no_grad()
def measure(
    logits_of: Callable[[Tensor], Tensor], examples: Examples, meter: Meter, batch: int
) -> Scores:
    """Returns the metrics of P networks on ``examples``.

    Args:
        logits_of: maps images [B, C, H, W] in [0, 1] to logits [P, B, K], dropout off.
        examples: the images.
        meter: a new meter for P members.
        batch: images a forward pass.
    """
    for images, labels in examples.minibatches(batch):
        logits = logits_of(scaled(images)).float()
        meter.update(logits, labels, mean_losses(logits, labels))
    return meter.compute()
