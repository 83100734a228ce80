"""What a study optimises: the metric, its direction, and its name in sentences and on axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from dropout_study.report.language import say
from dropout_study.results.aim import Aim
from dropout_study.results.columns import REPORTED
from dropout_study.trial import VAL_ACCURACY, Objective, TrialState


class NotEnoughError(Exception):
    """The study lacks data for a figure or a sentence. The message is printed in its place.

    Args:
        text: the message in English, with placeholders.
        values: of the placeholders.
    """

    def __init__(self, text: str, **values: Any) -> None:
        super().__init__(text)
        self._values = values

    def __str__(self) -> str:
        """Returns the message in the language of the report."""
        return say(self.args[0], **self._values)


@dataclass(frozen=True)
class Target:
    """One of the numbers that a study optimises.

    Attributes:
        column: its column in the table.
        label: its name on an axis.
        minimize: whether small numbers are good.
        accuracy: whether it is a share of images.
    """

    column: str
    label: str
    minimize: bool
    accuracy: bool


@dataclass(frozen=True)
class StudyObjective:
    """The objective of a study, or its objectives.

    Attributes:
        trials: the study's table.
        config: the sweep's configuration, as plain data.
    """

    trials: pd.DataFrame
    config: Mapping[str, Any]

    @cached_property
    def _aim(self) -> Aim:
        return Aim.of(self.config)

    @cached_property
    def complete(self) -> pd.DataFrame:
        """The complete trials with a value."""
        done = (self.trials["state"] == TrialState.COMPLETE) & self.trials["value"].notna()
        return self.trials[done]

    @property
    def minimize(self) -> bool:
        """Whether the smallest value is the best."""
        return self._aim.minimize

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the objectives; they are columns of the table."""
        return self._aim.objectives

    @cached_property
    def name(self) -> str:
        """The name of the metric in the column ``value``; "value" if the name is not known."""
        name = self.names[0] if len(self.names) == 1 else "value"
        told = self.complete[["value", "val_accuracy"]].dropna()
        unnamed = name == "value" and len(told) > 0
        same = unnamed and bool((told["value"] == told["val_accuracy"]).all())
        return "val_accuracy" if same else name  # this project's default objective

    @property
    def of_trial(self) -> Objective:
        """The objective of a trial that is trained again."""
        return VAL_ACCURACY if self.name == "value" else Objective(self.name, self.minimize)

    @property
    def is_accuracy(self) -> bool:
        """Whether the objective is a share of images."""
        return is_share(self.name) and bool(self.complete["value"].between(0, 1).all())

    @property
    def label(self) -> str:
        """The objective's name on an axis."""
        return metric_words(self.name)

    def label_of(self, name: str) -> str:
        """Returns the name of a column of the trials for a reader."""
        if name == "value":
            return self.label
        if name in REPORTED or name in self.names:
            return metric_words(name)
        return say(name.rpartition(".")[2].replace("_", " "))

    @property
    def epochs(self) -> str:
        """``trainer.objective``: the epochs from which a value is taken; "" if not known."""
        return str(select(self.config, "trainer", "objective") or "")

    @property
    def test_metric(self) -> str:
        """The test metric that corresponds to the objective: for val_loss, test_loss."""
        name = self.name.replace("val_", "test_", 1)
        given = name.startswith("test_") and name in self.trials and self.trials[name].notna().any()
        return name if given else "test_accuracy"

    @cached_property
    def targets(self) -> list[Target]:
        """What the study optimises: one number, or several if the table has them."""
        directions = self._aim.directions
        known = all(name in self.trials for name in self.names)
        if len(self.names) == 1 or not known or len(directions) != len(self.names):
            return [Target("value", self.label, self.minimize, self.is_accuracy)]
        return [
            Target(name, metric_words(name), direction == "minimize", is_share(name))
            for name, direction in zip(self.names, directions, strict=True)
        ]

    @cached_property
    def finished(self) -> pd.DataFrame:
        """The complete trials that have every number which the study optimises."""
        done = self.trials[self.trials["state"] == TrialState.COMPLETE]
        return done.dropna(subset=[target.column for target in self.targets])

    @cached_property
    def front(self) -> list[int]:
        """The Pareto-optimal trials of several objectives: no other trial dominates them."""
        if len(self.targets) < 2:
            return []
        return not_dominated(self.finished, self.targets)


def not_dominated(rows: pd.DataFrame, targets: Sequence[Target]) -> list[int]:
    """Returns the trials among ``rows`` than which no other is as good in all and better in one."""
    signs = [-1.0 if target.minimize else 1.0 for target in targets]
    points = rows[[target.column for target in targets]].to_numpy(float) * signs
    beaten = [
        bool(((points >= point).all(axis=1) & (points > point).any(axis=1)).any())
        for point in points
    ]
    return [int(n) for n, lost in zip(rows["trial"], beaten, strict=True) if not lost]


SPLITS = {"val": "validation", "test": "test", "train": "train"}


def metric_words(name: str) -> str:
    """Returns a metric's name in words: "validation accuracy", "objective value"."""
    split, _, rest = name.partition("_")
    if name == "value":
        return say("objective value")
    if split not in SPLITS or not rest:
        return name
    return say("{split} {metric}", split=say(SPLITS[split]), metric=say(rest.replace("_", " ")))


def is_share(metric: str) -> bool:
    """Returns whether a metric is an accuracy, which is shown in percent."""
    return metric.endswith("accuracy")


def select(config: Mapping[str, Any], *path: str) -> Any:
    """Returns a value of a configuration as plain data, or None if it is not there."""
    node: Any = config
    for key in path:
        if not isinstance(node, Mapping) or key not in node:
            return None
        node = node[key]
    return node
