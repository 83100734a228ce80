"""Three ways to predict with a network that was trained with noise, measured on a split.

Letters: T passes, B examples of a minibatch, K classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, nan
from statistics import fmean, stdev

import torch
from torch import Tensor, nn

from dropout_study.data.splits import Examples
from dropout_study.training.evaluate import EVALUATION_BATCH, evaluate
from dropout_study.training.generators import kept_generators, seed_generators
from dropout_study.training.images import scaled
from dropout_study.training.metrics import (
    DEFAULT_METRICS,
    ECE,
    Brier,
    Meter,
    MetricTypes,
    mean_losses,
)
from dropout_study.training.noisy import noise_on
from dropout_study.training.predict import are_equal

METRICS: MetricTypes = {**DEFAULT_METRICS, "brier": Brier, "ece": ECE}
"""What is measured: the loss is the negative log-likelihood."""


@dataclass(frozen=True)
class Way:
    """A way to predict, and its numbers by metric.

    Attributes:
        name: of the way.
        numbers: on the split.
        sd: standard deviations over single networks; empty for the other ways.
    """

    name: str
    numbers: Mapping[str, float]
    sd: Mapping[str, float]


@dataclass(frozen=True)
class Inference:
    """The ways of one network that there are, and what must be said of them, a line each."""

    ways: list[Way]
    remarks: list[str]


def compare_inference(
    model: nn.Module, examples: Examples, samples: int, seed: int = 0
) -> Inference:
    """Returns what three ways to predict give on ``examples``.

    - ``weight_scaling``: evaluation mode, one pass (Hinton et al. 2012, section 2).
    - ``monte_carlo``: the mean of the probabilities of T passes with the noise on (Gal &
      Ghahramani 2016).
    - ``single``: one pass with the noise on, what one thinned network gives: mean and standard
      deviation over the T passes. Within a pass every example has masks of its own; noise on
      weights is the same for all examples.

    Without noise that can be switched on there is only the first way, and a remark says so.

    Args:
        model: on the device of ``examples``; left in evaluation mode.
        examples: with labels.
        samples: T, at least 2.
        seed: of the noise.
    """
    remarks: list[str] = []
    if not _is_repeatable(model, examples):
        remarks.append(
            "the network's predictions in evaluation mode are random: it has noise that cannot be "
            "switched off, so `weight_scaling` is not without noise"
        )
    with kept_generators(examples.labels.device):
        seed_generators(seed)
        ways = [Way("weight_scaling", evaluate(model, examples, METRICS), {})]
    noisy = _noisy_ways(model, examples, samples, seed)
    if not noisy:
        remarks.append(
            f"all {samples} passes are equal: the network has no noise that can be switched on, so "
            "only `weight_scaling` is given"
        )
    return Inference([*ways, *noisy], remarks)


@torch.no_grad()
def _is_repeatable(model: nn.Module, examples: Examples) -> bool:
    """Returns whether evaluation mode gives the same twice, whatever the global generators."""
    images, logits = scaled(examples.images[:EVALUATION_BATCH]), []
    model.eval()
    with kept_generators(examples.labels.device):
        for seed in (1, 2):
            seed_generators(seed)
            logits.append(model(images.clone()).float())
    return are_equal(torch.stack(logits, dim=1))


@torch.no_grad()
def _noisy_ways(model: nn.Module, examples: Examples, samples: int, seed: int) -> list[Way]:
    """Returns the ways with noise; none if all passes are the same."""
    device = examples.labels.device
    single, together = Meter(METRICS, samples, device), Meter(METRICS, 1, device)
    differ = False
    with noise_on(model, scaled(examples.images[:2]), seed) as passes:
        for images, labels in examples.minibatches(EVALUATION_BATCH):
            rows = []
            for number in range(samples):
                passes.seek(number)
                rows.append(model(scaled(images)).float())
            logits = torch.stack(rows)
            differ = differ or not are_equal(logits.transpose(0, 1))
            for meter, seen in ((single, logits), (together, log_mean_probabilities(logits))):
                meter.update(seen, labels, mean_losses(seen, labels))
    if not differ:
        return []
    drawn, (averaged,) = single.compute(), together.compute()
    columns = {name: [row[name] for row in drawn] for name in METRICS}
    means = {name: fmean(column) for name, column in columns.items()}
    sds = {name: stdev(column) if samples > 1 else nan for name, column in columns.items()}
    return [Way("monte_carlo", averaged, {}), Way("single", means, sds)]


def log_mean_probabilities(logits: Tensor) -> Tensor:
    """Returns the logarithm of the mean over T of the probabilities: [T, B, K] -> [1, B, K]."""
    return logits.log_softmax(dim=2).logsumexp(dim=0, keepdim=True) - log(len(logits))
