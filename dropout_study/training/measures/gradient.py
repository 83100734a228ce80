"""Norm and direction of the gradients of minibatches."""

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from dropout_study.data.splits import Examples
from dropout_study.errors import UserError, argument_error
from dropout_study.training.evaluate import EVALUATION_BATCH
from dropout_study.training.measures.base import Measure, Snapshot
from dropout_study.training.order import epoch_order


class Gradient(Measure):
    """The gradients of M minibatches, with the noise on and the weights after the epoch.

    ``norm`` is the mean of their L2 norms. ``variance`` is their direction variance, the mean over
    pairs of the cosine distance (1 - cos) / 2; ``error`` is the mean cosine distance to the
    gradient of all training examples with the noise off. Liu et al. 2023, "Dropout reduces
    underfitting", section 3. Normalisation layers use their running statistics.

    Args:
        minibatches: M, at least 2: the first of the next epoch.
    """

    meaning: ClassVar[str] = "norm and direction of minibatch gradients"
    cost: ClassVar[str] = "gradients of 10 minibatches and of all training examples"

    def __init__(self, minibatches: int = 10) -> None:
        if minibatches < 2:
            raise argument_error("minibatches", minibatches, "must be at least 2")
        self._minibatches = minibatches

    def check(self, start: Snapshot) -> None:
        """Raises UserError if the training data are a single minibatch."""
        if len(start.splits.train) <= start.batch_size:
            raise UserError(
                "it compares minibatches, and an epoch has only one; use a smaller "
                "trainer.batch_size"
            )

    def measure(self, after: Snapshot) -> Mapping[str, float | None]:
        """Returns norm, direction variance and direction error."""
        train = after.splits.train
        order = epoch_order(len(train), after.seed, after.epoch).to(train.labels.device)
        indices = torch.split(order, after.batch_size)[: self._minibatches]
        with after.noise() as passes:
            rows = []
            for number, index in enumerate(indices):
                passes.seek(number)
                rows.append(_gradient(after, train.take(index), after.batch_size))
        gradients = torch.stack(rows).double()
        whole = _gradient(after, train, EVALUATION_BATCH).double()
        directions = normalize(gradients, dim=1)
        cosines = directions @ directions.T
        count = len(indices)
        pairs = (cosines.sum() - cosines.trace()) / (count * (count - 1))
        return {
            "norm": gradients.norm(dim=1).mean().item(),
            "variance": ((1 - pairs) / 2).item(),
            "error": ((1 - directions @ normalize(whole, dim=0)) / 2).mean().item(),
        }


def _gradient(after: Snapshot, examples: Examples, batch: int) -> Tensor:
    """Returns the gradient of the mean loss as one vector, computed ``batch`` images at a time."""
    params = [param for param in after.model.parameters() if param.requires_grad]
    total = torch.zeros(sum(map(Tensor.numel, params)), device=examples.labels.device)
    for images, labels in examples.minibatches(batch):
        loss = cross_entropy(after.logits(images), labels, reduction="sum") / len(examples)
        grads = torch.autograd.grad(loss, params, allow_unused=True, materialize_grads=True)
        total += torch.cat([grad.flatten() for grad in grads])
    return total
