"""The dropout rates of a study's trials, and the searched parameters that set them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_study.paths import StudyPaths
from dropout_study.report.objective import select
from dropout_study.results.rates import Rates
from dropout_study.results.reference_rates import sets_a_rate
from dropout_study.task.job_files import trial_files


@dataclass(frozen=True)
class TrialRates:
    """What is known of the rates of each trial.

    Attributes:
        root: the study's directory.
        trials: the study's table.
        recorded: rates that were recorded with the trials, by number.
        config: the sweep's configuration, as plain data.
    """

    root: Path
    trials: pd.DataFrame
    recorded: Mapping[int, Rates]
    config: Mapping[str, Any]

    @cached_property
    def by_trial(self) -> Mapping[int, Rates]:
        """The known dropout rates of each trial.

        They are recorded from the network's layers, or they are the values of the settings that
        ``hydra.callbacks.report.rates`` names.
        """
        numbers = [int(number) for number in self.trials["trial"]]
        named = {number: given for number in numbers if (given := self._named(number))}
        return {**self.recorded, **named}

    @cached_property
    def keys(self) -> list[str]:
        """The settings that the user has named as dropout rates."""
        given = select(self.config, "hydra", "callbacks", "report", "rates")
        return [str(key) for key in given] if isinstance(given, list) else []

    def among(self, params: Sequence[str]) -> list[str]:
        """Returns those of the numeric ``params`` that are dropout rates, found by their values."""
        return [
            name
            for name in params
            if name in self.keys or sets_a_rate(self._values(name), self.recorded)
        ]

    def _values(self, name: str) -> dict[int, float]:
        given = self.trials[["trial", name]].dropna()
        return {int(n): float(v) for n, v in given.itertuples(index=False)}

    def _named(self, number: int) -> Rates | None:
        """Returns the named settings of a trial, or None if one is missing or not a number."""
        values = {key: self._setting(number, key) for key in self.keys}
        known = all(isinstance(v, int | float) and not pd.isna(v) for v in values.values())
        return values if values and known else None

    def _setting(self, number: int, key: str) -> Any:
        """Returns a trial's value of ``key``, from the table or from its configuration."""
        if key in self.trials:
            value = self.trials.loc[self.trials["trial"] == number, key].iloc[0]
            if not pd.isna(value):
                return value
        return select(trial_settings(self.root, number), *key.split("."))


def trial_settings(root: Path, number: int) -> Mapping[str, Any]:
    """Returns the recorded configuration of a trial as plain data; empty if it is lost."""
    runs = trial_files(StudyPaths(root), number)
    return next((config for run in runs if (config := run.config(default={}))), {})
