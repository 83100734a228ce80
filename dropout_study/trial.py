"""A trial as plain data: its state, the numbers of its epochs, and its final numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from statistics import fmean
from typing import Any, Self

from dropout_study.errors import argument_error

MERGED = "train + validation"
"""The splits that the runs of a confirmation are trained on, by default."""


class TrialState(StrEnum):
    """The states of a trial, with Optuna's names; Optuna stores a paused trial as WAITING."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    FAIL = "FAIL"


Metrics = dict[str, Any]
"""Numbers by name, in the order of the table: of one epoch or of a whole trial. None: not measured.

An epoch has ``epoch`` (from 1), ``<split>_<metric>`` for each split and metric, and ``seconds``:
the wall time of the epoch, evaluation included; in a population, this trial's share of it. And
``lr``, the learning rate, and ``rate_<layer>``, the rate of each noise layer.
Every other number is a measurement of the network.
"""

OnEpoch = Callable[[Metrics], bool]
"""Called after every epoch with its numbers; the training goes on while it returns True."""

SPLITS = ("train", "val", "test")
SET = ("epoch", "lr", "seconds")
"""Numbers of an epoch that say nothing of the network."""
RATE = "rate_"
"""Begins the name of a noise layer's rate."""


@dataclass(frozen=True)
class Objective:
    """The number by which trials are compared.

    Attributes:
        name: the name of one of the trial's numbers.
        minimize: whether smaller is better.
    """

    name: str = "val_accuracy"
    minimize: bool = False

    @property
    def of_epochs(self) -> "Objective":
        """Returns the objective by which epochs are compared.

        It is this one if it is a validation metric, otherwise (e.g. for seconds) the validation
        loss.
        """
        return self if self.name.startswith("val_") else Objective("val_loss", minimize=True)

    def best(self, history: Sequence[Metrics]) -> Metrics | None:
        """Returns the best epoch (the first of equal ones); None without validation data."""
        judge = self.of_epochs
        measured = [row for row in history if row[judge.name] is not None]
        choose = min if judge.minimize else max
        return choose(measured, key=lambda row: row[judge.name], default=None)


VAL_ACCURACY = Objective()


@dataclass(frozen=True)
class Summary:
    """From which epochs a trial's numbers are taken: the setting ``trainer.objective``.

    Attributes:
        kind: "last" (epoch), "mean_last" (the mean of the last ``count`` epochs) or "best_epoch"
            (the epoch that is best by the objective).
        count: number of epochs for "mean_last".
    """

    kind: str = "last"
    count: int = 1

    @classmethod
    def parse(cls, name: str, text: object) -> Self:
        """Returns the summary for "last", "mean_last_K" or "best_epoch".

        Args:
            name: the name of the setting, for the message.
            text: its value.

        Raises:
            UserError: the text is none of these.
        """
        if text in ("last", "best_epoch"):
            return cls(str(text))
        kind, _, count = str(text).rpartition("_")
        if kind != "mean_last" or not (count.isdecimal() and int(count) >= 1):
            rule = "must be last, best_epoch or mean_last_K with a number K >= 1, as in mean_last_5"
            raise argument_error(name, text, rule)
        return cls(kind, int(count))

    def of(self, history: Sequence[Metrics], objective: Objective) -> Metrics:
        """Returns the metrics and measurements of the epochs so far, at least one."""
        rows = history[-self.count :]
        if self.kind == "best_epoch":
            rows = [objective.best(history) or history[-1]]
        return {name: _mean([row[name] for row in rows]) for name in measured_names(history[-1])}


LAST_EPOCH = Summary()


def metric_bounds(name: str) -> tuple[float, float]:
    """Returns the smallest and the largest value that a metric can have, by its name."""
    if name.endswith("accuracy"):
        return 0.0, 1.0
    return (0.0 if name.endswith("loss") else -inf), inf


def split_names(names: Mapping[str, Any]) -> list[str]:
    """Returns the names that are a metric of a split."""
    return [name for name in names if name.partition("_")[0] in SPLITS]


def measured_names(names: Mapping[str, Any]) -> list[str]:
    """Returns those of an epoch's ``names`` that were measured, not set."""
    return [name for name in names if name not in SET and not name.startswith(RATE)]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def trial_metrics(
    history: Sequence[Metrics],
    *,
    objective: Objective = VAL_ACCURACY,
    summary: Summary = LAST_EPOCH,
    seed: int = 0,
) -> Metrics:
    """Returns the numbers of a trial that trained for ``len(history) >= 1`` epochs.

    ``value`` is the objective's number, None without validation data. ``best_epoch`` is the epoch
    that is best by the objective, for information.

    Args:
        history: its epochs.
        objective: its objective.
        summary: from which epochs its numbers are taken.
        seed: the seed of its draws.
    """
    numbers = summary.of(history, objective)
    best = objective.best(history)
    numbers |= {
        "epochs_run": history[-1]["epoch"],
        "best_epoch": best and best["epoch"],
        "seconds": sum(row["seconds"] for row in history),
        "seed": seed,
    }
    return {"value": numbers.get(objective.name), **numbers}
