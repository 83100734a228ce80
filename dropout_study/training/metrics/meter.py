"""All metrics of one pass over a split, and the rows of a history that they make."""

from collections.abc import Callable, Mapping
from math import isfinite
from types import MappingProxyType

import torch
from torch import Tensor

from dropout_study.errors import DivergedError
from dropout_study.training.metrics.accuracy import Accuracy
from dropout_study.training.metrics.base import Metric
from dropout_study.training.metrics.loss import Loss
from dropout_study.trial import RATE, SPLITS, Metrics

MetricTypes = Mapping[str, Callable[[], Metric]]
"""The makers of a pass's metrics, by name and in the order of the columns."""

LOSS: MetricTypes = MappingProxyType({"loss": Loss})
"""Always measured: a trial whose loss is not finite has failed."""
DEFAULT_METRICS: MetricTypes = MappingProxyType({**LOSS, "accuracy": Accuracy})

Scores = list[dict[str, float]]
"""The numbers of P members by the name of their metric, after one pass over a split."""


class Meter:
    """The metrics of one pass over one split.

    Args:
        metrics: the makers of the metrics.
        members: the number P of members.
        device: the device of the logits.
    """

    def __init__(self, metrics: MetricTypes, members: int, device: torch.device) -> None:
        self._metrics = {name: make() for name, make in metrics.items()}
        for metric in self._metrics.values():
            metric.reset(members, device)

    def update(self, logits: Tensor, labels: Tensor, losses: Tensor) -> None:
        """Adds a minibatch: logits [P, B, K], labels [B] or [P, B], mean losses [P]."""
        for metric in self._metrics.values():
            metric.update(logits, labels, losses)

    def compute(self) -> Scores:
        """Returns the members' numbers; only this method waits for the device."""
        columns: dict[str, list[float]] = {}
        for name, metric in self._metrics.items():
            got = metric.compute()
            named = {name: got} if isinstance(got, Tensor) else _prefixed(name, got)
            columns |= {column: numbers.tolist() for column, numbers in named.items()}
        return [
            dict(zip(columns, numbers, strict=True))
            for numbers in zip(*columns.values(), strict=True)
        ]


def _prefixed(name: str, numbers: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{name}_{part}": number for part, number in numbers.items()}


def epoch_row(
    epoch: int,
    train: Mapping[str, float],
    val: Mapping[str, float] | None,
    test: Mapping[str, float],
    lr: float | None,
    rates: Mapping[str, float],
    seconds: float,
) -> Metrics:
    """Returns the numbers of an epoch: a row of ``history.csv``.

    Args:
        epoch: its number, from 1.
        train: means over the epoch's minibatches in training mode (dropout on, weights changing),
            as the book plots them.
        val: measured after the epoch, dropout off; None without validation data.
        test: measured after the epoch, dropout off.
        lr: the learning rate of the epoch.
        rates: of the noise layers by their names; a learned one as it is after the epoch.
        seconds: wall time of the epoch, evaluation included; in a population, the trial's share.
    """
    nothing = dict.fromkeys(train)
    splits = zip(SPLITS, (train, val or nothing, test), strict=True)
    numbers = {f"{split}_{name}": got[name] for split, got in splits for name in train}
    noise = {f"{RATE}{name or 'model'}": rate for name, rate in rates.items()}
    return {"epoch": epoch, **numbers, "lr": lr, **noise, "seconds": seconds}


def check_finite(row: Metrics, whose: str = "") -> None:
    """Raises an error if training has diverged.

    Args:
        row: the numbers of an epoch.
        whose: the first words of the message, e.g. the trial.

    Raises:
        DivergedError: the loss on a split is not finite.
    """
    data = {"train": "", "val": " on the validation data", "test": " on the test data"}
    for split, where in data.items():
        loss = row[f"{split}_loss"]
        if loss is not None and not isfinite(loss):
            raise DivergedError(
                f"{whose}loss not finite at epoch {row['epoch']}{where}; lower `optimizer.lr`"
            )
