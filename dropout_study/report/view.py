"""What a report asks of a study: its best trial, the references, the searched parameters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from dropout_study.results.record import GROUPS
from dropout_study.results.study import StudyTables
from dropout_study.sweep.outcome import as_names, minimizes, objective_names
from dropout_study.trial import TrialState

BOOK_RATES = {"dropout1": 0.2, "dropout2": 0.5}
"""The article's rates (Dive into Deep Learning, section 5.6); any other layer has rate 0."""
SEED = "trainer.seed"


@dataclass(frozen=True)
class Arm:
    """Trials that differ in nothing but their seed; most often one.

    Attributes:
        label: what the reader calls it: "best", "book's rates", "no dropout".
        trials: its rows of the table.
        runs: a row a seed: ``trials``, or their replicates where they have some.
    """

    label: str
    trials: pd.DataFrame
    runs: pd.DataFrame

    @property
    def number(self) -> int:
        """The number of its first trial."""
        return int(self.trials["trial"].iloc[0])

    @property
    def value(self) -> float:
        """The mean objective of its trials."""
        return float(self.trials["value"].mean())

    def by_seed(self, column: str) -> dict[int, float]:
        """Returns ``column`` of the runs that have it, by seed."""
        rows = self.runs[self.runs[column].notna()]
        seeds = rows["seed"].fillna(0).astype(int)
        return dict(zip(seeds, rows[column].astype(float), strict=True))


@dataclass(frozen=True)
class StudyView:
    """A study's tables with the questions that every figure and sentence asks of them."""

    tables: StudyTables

    @property
    def trials(self) -> pd.DataFrame:
        """One row a trial."""
        return self.tables.trials

    @cached_property
    def complete(self) -> pd.DataFrame:
        """The trials that ended with a value; only among them is anything chosen."""
        done = (self.trials["state"] == TrialState.COMPLETE) & self.trials["value"].notna()
        return self.trials[done]

    @property
    def minimize(self) -> bool:
        """Whether the smallest value is the best."""
        return minimizes(_select(self.tables.config, "hydra", "sweeper", "direction"))

    @property
    def is_accuracy(self) -> bool:
        """Whether the objective is validation accuracy, as this project's trainer returns it."""
        told = self.complete[["value", "val_accuracy"]].dropna()
        return len(told) > 0 and bool((told["value"] == told["val_accuracy"]).all())

    @property
    def value_label(self) -> str:
        """The objective's name on an axis."""
        return "validation accuracy" if self.is_accuracy else "objective value"

    @cached_property
    def params(self) -> list[str]:
        """The columns that were searched: dotted keys and groups that differ between trials."""
        names = [name for name in self.trials.columns if "." in name or name in GROUPS]
        given = {name: self.trials[name].dropna().astype(str) for name in names if name != SEED}
        return [name for name, texts in given.items() if texts[texts != ""].nunique() > 1]

    @cached_property
    def numeric_params(self) -> list[str]:
        """Those of ``params`` whose values are numbers."""
        return [name for name in self.params if is_number(self.trials[name])]

    @cached_property
    def log_params(self) -> set[str]:
        """The parameters that were searched on a logarithmic scale."""
        sweeper = _select(self.tables.config, "hydra", "sweeper", "params")
        space = self.search_space.get("params")
        given = next((p for p in (sweeper, space) if isinstance(p, Mapping)), {})
        overrides = _select(self.tables.config, "hydra", "overrides", "task")
        told = overrides if isinstance(overrides, list) else []
        texts = {**given, **dict(str(override).partition("=")[::2] for override in told)}
        positive = {name for name in self.numeric_params if (self.trials[name].dropna() > 0).all()}
        return {name for name in positive if "log" in str(texts.get(name, ""))}

    @property
    def search_space(self) -> Mapping[str, Any]:
        """The config group ``search_space`` as the sweep was given it."""
        space = _select(self.tables.config, "search_space")
        return space if isinstance(space, Mapping) else {}

    @cached_property
    def rates(self) -> "dict[str, pd.Series[float]]":
        """The dropout rates of every trial by their key, those that were not searched too."""
        model = _select(self.tables.config, "model")
        fixed = model if isinstance(model, Mapping) else {}
        named = {f"model.{k}": v for k, v in fixed.items() if "dropout" in k}
        named |= {k: None for k in self.trials.columns if k.startswith("model.") and "dropout" in k}
        columns = {
            name: self.trials[name] if name in self.trials else pd.Series(v, self.trials.index)
            for name, v in named.items()
        }
        return {name: pd.to_numeric(rate, errors="coerce") for name, rate in columns.items()}

    @cached_property
    def objectives(self) -> tuple[str, ...]:
        """The columns of the objectives, several only where the study has several."""
        sweeper = _select(self.tables.config, "hydra", "sweeper")
        settings = sweeper if isinstance(sweeper, Mapping) else {}
        return objective_names(
            settings.get("objective", "value"), settings.get("direction", "maximize")
        )

    @cached_property
    def front(self) -> list[int]:
        """Of several objectives, the trials that no other one is at least as good as in all."""
        names = [name for name in self.objectives if name in self.trials]
        if len(names) < 2:
            return []
        direction = _select(self.tables.config, "hydra", "sweeper", "direction")
        signs = [-1.0 if each == "minimize" else 1.0 for each in as_names(direction)]
        rows = self.trials[self.trials["state"] == TrialState.COMPLETE].dropna(subset=names)
        points = rows[names].to_numpy(float) * signs
        beaten = [
            bool(((points >= point).all(axis=1) & (points > point).any(axis=1)).any())
            for point in points
        ]
        return [int(n) for n, lost in zip(rows["trial"], beaten, strict=True) if not lost]

    @cached_property
    def best(self) -> Arm | None:
        """The trial, or the seeds of one configuration, with the best mean value."""
        return self._best_of("best", self.complete)

    def top(self, count: int) -> list[Arm]:
        """Returns the ``count`` best configurations, the best first."""
        return self._ranked("top", self.complete)[:count]

    @cached_property
    def book(self) -> Arm | None:
        """The best of those with the article's dropout rates."""
        wanted = {name: BOOK_RATES.get(name.rpartition(".")[2], 0.0) for name in self.rates}
        if set(BOOK_RATES) - {name.rpartition(".")[2] for name in self.rates}:
            return None
        return self._with_rates("book's rates", wanted)

    @cached_property
    def no_dropout(self) -> Arm | None:
        """The best of those without dropout."""
        return self._with_rates("no dropout", dict.fromkeys(self.rates, 0.0))

    @property
    def arms(self) -> list[Arm]:
        """Best, book's rates and no dropout, as far as they were tried."""
        return [arm for arm in (self.best, self.book, self.no_dropout) if arm is not None]

    def _with_rates(self, label: str, wanted: Mapping[str, float]) -> Arm | None:
        if not wanted or self.complete.empty:
            return None
        matches = [np.isclose(self.rates[name], rate) for name, rate in wanted.items()]
        numbers = self.trials["trial"][np.logical_and.reduce(matches)]
        return self._best_of(label, self.complete[self.complete["trial"].isin(numbers)])

    def _best_of(self, label: str, rows: pd.DataFrame) -> Arm | None:
        return next(iter(self._ranked(label, rows)), None)

    def _ranked(self, label: str, rows: pd.DataFrame) -> list[Arm]:
        """Returns the configurations among ``rows`` by mean value; ties by number."""
        texts = rows[self.params].astype(str)
        keys = [" ".join(map(repr, row)) for row in texts.itertuples(index=False)]
        groups = (group for _, group in rows.groupby(keys, sort=False))
        arms = [Arm(label, group, self._runs(group)) for group in groups]
        return sorted(arms, key=lambda arm: arm.value if self.minimize else -arm.value)

    def _runs(self, trials: pd.DataFrame) -> pd.DataFrame:
        replicates = self.tables.replicates
        if replicates is None:
            return trials
        own = replicates[replicates["trial"].isin(trials["trial"])]
        return own if len(own) else trials

    def describe(self, number: int, names: Iterable[str] | None = None) -> str:
        """Returns a trial's searched parameters in words: "dropout1 = 0.2, lr = 0.5"."""
        row = self.trials[self.trials["trial"] == number].iloc[0]
        given = [name for name in (names or self.params) if not pd.isna(row[name])]
        return ", ".join(f"{short(name)} = {tell(row[name])}" for name in given)


def short(name: str) -> str:
    """Returns the last part of a dotted key."""
    return name.rpartition(".")[2]


def tell(value: object) -> str:
    """Returns a parameter's value with three digits, or as text."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def is_number(column: "pd.Series[Any]") -> bool:
    """Returns whether every value that a column has is a number (a bool is a category)."""
    values = column.dropna()
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values.tolist())


def _select(config: Mapping[str, Any], *path: str) -> Any:
    node: Any = config
    for key in path:
        if not isinstance(node, Mapping) or key not in node:
            return None
        node = node[key]
    return node
