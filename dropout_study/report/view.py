"""A study as the report sees it: its best trial, the references, the searched parameters."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from dropout_study.report.objective import StudyObjective, select
from dropout_study.report.trial_rates import TrialRates
from dropout_study.results.rates import Rates
from dropout_study.results.reference_rates import has_book_rates, is_without_dropout
from dropout_study.results.study import StudyTables

if TYPE_CHECKING:
    from dropout_study.report.surrogate import Surrogate

SEED = "trainer.seed"
BOOK, NO_DROPOUT = "book's rates", "no dropout"
"""The labels of the references in figures."""


@dataclass(frozen=True)
class Arm:
    """Trials that differ only in their seed; usually one trial.

    Attributes:
        label: the name in figures: "best", "book's rates", "no dropout".
        trials: the rows of its trials in the table.
        runs: one row per seed: the replicates of ``trials`` if there are any, else ``trials``.
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
        """Returns ``column`` of the runs that have it, by seed; {} if there is no such column."""
        if column not in self.runs:
            return {}
        rows = self.runs[self.runs[column].notna()]
        seeds = rows["seed"].fillna(0).astype(int)
        return dict(zip(seeds, rows[column].astype(float), strict=True))


@dataclass(frozen=True)
class StudyView:
    """A study's tables, with the derived facts that figures and sentences need."""

    tables: StudyTables

    @property
    def trials(self) -> pd.DataFrame:
        """One row per trial."""
        return self.tables.trials

    @cached_property
    def objective(self) -> StudyObjective:
        """What the study optimises."""
        return StudyObjective(self.tables.trials, self.tables.config)

    @cached_property
    def surrogates(self) -> dict[str, "Surrogate"]:
        """The Gaussian processes that have been fitted to the trials, by column."""
        return {}

    @cached_property
    def rates(self) -> TrialRates:
        """The dropout rates of the trials."""
        tables = self.tables
        return TrialRates(tables.root, tables.trials, tables.rates, tables.config)

    @cached_property
    def seeds(self) -> set[int]:
        """The seeds of all runs: of the trials, and of their replicates."""
        tables = (self.trials, self.tables.replicates)
        given = (table["seed"].dropna() for table in tables if table is not None)
        return {int(seed) for column in given for seed in column}

    @property
    def complete(self) -> pd.DataFrame:
        """The complete trials with a value. Only these can be the best or a reference."""
        return self.objective.complete

    @cached_property
    def params(self) -> list[str]:
        """The searched columns: keys and groups whose values differ between trials."""
        names = [name for name in self.tables.params if name != SEED]
        given = {name: self.trials[name].dropna().astype(str) for name in names}
        return [name for name, texts in given.items() if texts[texts != ""].nunique() > 1]

    @cached_property
    def settings(self) -> list[str]:
        """The columns that tell configurations apart: ``params``, and what only some trials set."""
        columns = [name for name in self.tables.params if name != SEED]
        unset = {n: self.complete[n].isna() | (self.complete[n].astype(str) == "") for n in columns}
        return [n for n in columns if n in self.params or unset[n].nunique() > 1]

    @cached_property
    def numeric_params(self) -> list[str]:
        """Those of ``params`` whose values are numbers."""
        return [name for name in self.params if is_number(self.trials[name])]

    @cached_property
    def rate_params(self) -> list[str]:
        """Those of ``numeric_params`` that are dropout rates."""
        return self.rates.among(self.numeric_params)

    @cached_property
    def log_params(self) -> set[str]:
        """The parameters that were searched on a logarithmic scale."""
        sweeper = select(self.tables.config, "hydra", "sweeper", "params")
        space = self.search_space.get("params")
        given = next((p for p in (sweeper, space) if isinstance(p, Mapping)), {})
        overrides = select(self.tables.config, "hydra", "overrides", "task")
        told = overrides if isinstance(overrides, list) else []
        texts = {**given, **dict(str(override).partition("=")[::2] for override in told)}
        positive = {name for name in self.numeric_params if (self.trials[name].dropna() > 0).all()}
        return {name for name in positive if "log" in str(texts.get(name, ""))}

    @property
    def search_space(self) -> Mapping[str, Any]:
        """The config group ``search_space`` of the sweep."""
        space = select(self.tables.config, "search_space")
        return space if isinstance(space, Mapping) else {}

    @cached_property
    def best(self) -> Arm | None:
        """The configuration with the best mean value over its trials."""
        return self.best_among(self.complete)

    @property
    def single_objective_best(self) -> Arm | None:
        """``best``, or None if there are several objectives: no trial is the best in all."""
        return self.best if len(self.objective.names) == 1 else None

    def top(self, count: int) -> list[Arm]:
        """Returns the ``count`` best configurations, the best first."""
        return self._ranked("top", self.complete)[:count]

    @cached_property
    def book(self) -> Arm | None:
        """The best configuration of the best trial's network with the book's dropout rates."""
        return self._reference(BOOK, has_book_rates)

    @cached_property
    def no_dropout(self) -> Arm | None:
        """The best configuration of the best trial's network without dropout."""
        return self._reference(NO_DROPOUT, is_without_dropout)

    @property
    def arms(self) -> list[Arm]:
        """Best, book's rates and no dropout, without those that no trial has."""
        return [arm for arm in (self.best, self.book, self.no_dropout) if arm is not None]

    @cached_property
    def same_network(self) -> pd.DataFrame:
        """The complete trials with the best trial's ``model``. Only these can be references."""
        if self.best is None or "model" not in self.params:
            return self.complete
        same: pd.DataFrame = self.complete[
            self.complete["model"] == self.best.trials["model"].iloc[0]
        ]
        return same

    def _reference(self, label: str, matches: Callable[[Rates], bool | None]) -> Arm | None:
        return next(iter(self._references(label, matches)), None)

    def _references(self, label: str, matches: Callable[[Rates], bool | None]) -> list[Arm]:
        """Returns the configurations of a reference, the best mean value first."""
        rows, rates = self.same_network, self.rates.by_trial
        known = {n: rates[n] for n in map(int, rows["trial"]) if n in rates}
        if not any(known.values()):  # no layer has a rate that could be compared
            return []
        numbers = [number for number, rates in known.items() if matches(rates)]
        return self._ranked(label, rows[rows["trial"].isin(numbers)])

    @cached_property
    def equal_references(self) -> tuple[Arm, Arm] | None:
        """The book's rates and no dropout in trials that differ in nothing else, if there are any.

        Of several such pairs, that of the best trial with the book's rates.
        """
        others = self._references(NO_DROPOUT, is_without_dropout)
        pairs = ((a, b) for a in self._references(BOOK, has_book_rates) for b in others)
        return next((pair for pair in pairs if not self.differing(*pair)), None)

    def varies(self, name: str) -> bool:
        """Returns whether a column is not the same in all trials that have it."""
        return self.trials[name].replace("", None).dropna().astype(str).nunique() > 1

    def differing(self, one: Arm, other: Arm) -> list[str]:
        """Returns the searched parameters, without rates, in which two configurations differ."""
        a, b = one.trials.iloc[0], other.trials.iloc[0]
        names = [name for name in self.settings if name not in self.rate_params]
        return [name for name in names if str(a[name]) != str(b[name])]

    def best_among(self, rows: pd.DataFrame, label: str = "best") -> Arm | None:
        """Returns the best configuration among ``rows`` of ``complete``, or None."""
        return next(iter(self._ranked(label, rows)), None)

    def _ranked(self, label: str, rows: pd.DataFrame) -> list[Arm]:
        """Returns the configurations among ``rows``, the best mean value first."""
        texts = rows[self.settings].astype(str)
        keys = [" ".join(map(repr, row)) for row in texts.to_numpy()]
        groups = (group for _, group in rows.groupby(keys, sort=False))
        arms = [Arm(label, group, self._runs(group)) for group in groups]
        return sorted(arms, key=lambda arm: arm.value if self.objective.minimize else -arm.value)

    def _runs(self, trials: pd.DataFrame) -> pd.DataFrame:
        replicates = self.tables.replicates
        if replicates is None:
            return trials
        own = replicates[replicates["trial"].isin(trials["trial"])]
        return own if len(own) else trials

    def describe(self, number: int, names: Iterable[str] | None = None) -> str:
        """Returns a trial's searched parameters as text: "dropout1 = 0.2, lr = 0.5"."""
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
    """Returns whether every value of a column is a number (a bool is a category)."""
    values = column.dropna()
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values.tolist())
