"""Three ways to predict with a network that was trained with noise, measured on a split.

Letters: T passes, B examples of a minibatch, K classes, N numbers of passes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
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
        samples: passes that the numbers come from.
        numbers: on the split.
        sd: standard deviations over single networks; empty for the other ways.
        rate: that the noise layers were given for the evaluation; None for their own.
    """

    name: str
    samples: int
    numbers: Mapping[str, float]
    sd: Mapping[str, float]
    rate: float | None = None


@dataclass(frozen=True)
class Inference:
    """The ways of one network that there are.

    Attributes:
        ways: each with its numbers.
        remarks: what must be said of them, a line each.
        examples: how many the split has.
    """

    ways: list[Way]
    remarks: list[str]
    examples: int


def compare_inference(
    model: nn.Module,
    examples: Examples,
    samples: Sequence[int],
    seed: int = 0,
    at_rates: Mapping[float, nn.Module] | None = None,
) -> Inference:
    """Returns what three ways to predict give on ``examples``.

    - ``weight_scaling``: evaluation mode, one pass (Hinton et al. 2012, section 2).
    - ``monte_carlo``: the mean of the probabilities of T passes with the noise on (Gal &
      Ghahramani 2016), for each T in ``samples``. A smaller T has the first of the same passes.
    - ``single``: one pass with the noise on, what one thinned network gives: mean and standard
      deviation over the passes. Within a pass every example has masks of its own; noise on
      weights is the same for all examples.

    Without noise that can be switched on there is only the first way, and a remark says so.

    Args:
        model: on the device of ``examples``; left in evaluation mode.
        examples: with labels.
        samples: numbers of passes, the largest at least 2.
        seed: of the noise; it is the same at all rates.
        at_rates: the network with its noise at other rates, by rate; then the ways with noise are
            those of these networks instead of the model's own.
    """
    remarks: list[str] = []
    if not _is_repeatable(model, examples):
        remarks.append(
            "the network's predictions in evaluation mode are random: it has noise that cannot be "
            "switched off, so `weight_scaling` is not without noise"
        )
    with kept_generators(examples.labels.device):
        seed_generators(seed)
        ways = [Way("weight_scaling", 1, evaluate(model, examples, METRICS), {})]
    own: tuple[float | None, nn.Module] = None, model
    for rate, network in [*at_rates.items()] if at_rates else [own]:
        noisy, differ = _noisy_ways(network, examples, samples, seed, rate)
        if differ or rate is not None:
            ways += noisy
        else:
            remarks.append(
                f"all {max(samples)} passes are equal: the network has no noise that can be "
                "switched on, so only `weight_scaling` is given"
            )
    return Inference(ways, remarks, len(examples))


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
def _noisy_ways(
    model: nn.Module, examples: Examples, samples: Sequence[int], seed: int, rate: float | None
) -> tuple[list[Way], bool]:
    """Returns the ways with noise, and whether any two passes differ."""
    device, most = examples.labels.device, max(samples)
    single, together = Meter(METRICS, most, device), Meter(METRICS, len(samples), device)
    differ = False
    with noise_on(model, scaled(examples.images[:2]), seed) as passes:
        for images, labels in examples.minibatches(EVALUATION_BATCH):
            pixels, rows = scaled(images), []
            for number in range(most):
                passes.seek(number)
                rows.append(model(pixels.clone()).float())
            logits = torch.stack(rows)
            differ = differ or not are_equal(logits.transpose(0, 1))
            averaged = log_mean_probabilities(logits, samples)
            for meter, seen in ((single, logits), (together, averaged)):
                meter.update(seen, labels, mean_losses(seen, labels))
    ways = [
        Way("monte_carlo", count, numbers, {}, rate)
        for count, numbers in zip(samples, together.compute(), strict=True)
    ]
    drawn = single.compute()
    columns = {name: [row[name] for row in drawn] for name in METRICS}
    means = {name: fmean(column) for name, column in columns.items()}
    sds = {name: stdev(column) for name, column in columns.items()}
    return [*ways, Way("single", most, means, sds, rate)], differ


def log_mean_probabilities(logits: Tensor, samples: Sequence[int]) -> Tensor:
    """Returns the logarithm of the mean probabilities of the first T passes, for each T.

    logits [T, B, K] -> [N, B, K].
    """
    sums = logits.log_softmax(dim=2).logcumsumexp(dim=0)
    return torch.stack([sums[count - 1] - log(count) for count in samples])
