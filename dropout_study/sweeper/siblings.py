"""Siblings: trials that differ only in their number of epochs, so that none is trained twice.

One that is shorter is the beginning of one that is longer, where nothing depends on the number of
epochs. The task says where that holds, and copies what a job has kept into the directory of another
(``counts_epochs``, a mark of the task function).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, Self

import optuna
from hydra.types import TaskFunction
from omegaconf import DictConfig
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import TrialState as OptunaState

from dropout_study.search.asktell import Asked
from dropout_study.search.attrs import DUPLICATE_ATTR
from dropout_study.search.twins import params_key
from dropout_study.sweeper.marks import as_job, epochs_of
from dropout_study.sweeper.planning.plan import SweepPlan
from dropout_study.sweeper.planning.prepare import Prepared
from dropout_study.sweeper.source import Assignment

log = logging.getLogger(__name__)

TRAINED = (OptunaState.PRUNED, OptunaState.COMPLETE)
"""States of trials that may leave their epochs to others; rather the latter."""


class SharesEpochs(Protocol):
    """What a task does so that trials share their epochs. The class is called without arguments."""

    def shares(self, config: DictConfig) -> bool:
        """Returns whether a job trains its first epochs alike, however many there will be."""

    def keeps(self, config: DictConfig) -> Sequence[str]:
        """Returns the overrides with which a job keeps its state; none if it does so anyway."""

    def take_over(self, source: Path, own: Path) -> bool:
        """Copies the state that a job has kept into the directory of another; False without one."""

    def forget(self, job_dir: Path) -> None:
        """Removes the state that a job has kept."""


@dataclass
class Siblings:
    """The siblings among the trials of a study.

    Attributes:
        key: the dotted key of the number of epochs.
        form: of the task.
        plan: of the sweep.
        root: the study's directory.
        config_of: composes the configuration of a trial from its parameters.
        waits: whether a trial waits for a sibling that runs. Not in a search that learns: it would
            ask for many trials meanwhile.
    """

    key: str
    form: SharesEpochs
    plan: SweepPlan
    root: Path
    config_of: Callable[[Mapping[str, Any]], DictConfig]
    waits: bool
    _overrides: dict[str, Sequence[str] | None] = field(default_factory=dict)
    _families: dict[int, tuple[str | None, Any]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, ready: Prepared, task_function: TaskFunction, root: Path, *, walks: bool
    ) -> Self | None:
        """Returns the siblings of a sweep; None if there will hardly be any.

        There are some where the number of epochs is searched, duplicates are reused and every other
        parameter has only so many values.

        Args:
            ready: the sweep, planned and checked.
            task_function: the task, with its marks.
            root: the study's directory.
            walks: whether the sampler tries every point once.
        """
        plan, named = ready.plan, epochs_of(task_function)
        if named is None or named[0] not in plan.owners or ready.settings.duplicates != "reuse":
            return None
        key, form = named
        others = [d for name, d in plan.space.items() if name != plan.owners[key].name]
        if not all(map(_is_finite, others)):
            return None
        return cls(
            key,
            form,
            plan,
            root,
            lambda params: ready.composer.job_config(plan.job_overrides(params), 0),
            walks or bool(ready.settings.points),
        )

    def keeps(self, params: Mapping[str, Any]) -> list[str]:
        """Returns the overrides with which a trial keeps its state for its siblings."""
        family, _ = self._family(params)
        return [] if family is None else list(self._overrides[family] or ())

    def waits_for(self, one: Asked, other: Asked) -> bool:
        """Returns whether one of two trials is to wait for the other, its sibling."""
        if not self.waits:
            return False
        family, _ = self._family(one.params)
        return family is not None and family == self._family(other.params)[0]

    def longest_first(self, trials: Sequence[Asked]) -> list[Asked]:
        """Returns trials in the order in which the fewest epochs are trained."""
        return sorted(trials, key=lambda asked: -(self._family(asked.params)[1] or 0))

    def take_over(self, study: optuna.Study, asked: Asked, job: Assignment) -> None:
        """Lets a job begin with the epochs of a sibling that has ended, if there is one."""
        number = self._source(study, asked)
        if number is None:
            return
        source = replace(job, number=number).name
        if self.form.take_over(self.root / source, self.root / job.name):
            log.info("trial %s begins with the epochs of trial %s", job.name, source)

    def forget(self, study: optuna.Study) -> None:
        """Removes the states that trials have kept for their siblings, and for nothing else."""
        for trial in study.get_trials(deepcopy=False):
            if trial.state.is_finished() and self.keeps(trial.params):
                for directory in (root := self.root / str(trial.number), *root.glob("replicate_*")):
                    self.form.forget(directory)

    def _source(self, study: optuna.Study, asked: Asked) -> int | None:
        """Returns the sibling that has all epochs of a trial, or else the most."""
        family, epochs = self._family(asked.params)
        if family is None:
            return None
        found: dict[Any, int] = {}
        for state in TRAINED:
            for trial in study.get_trials(deepcopy=False, states=(state,)):
                if trial.number not in self._families:
                    self._families[trial.number] = self._family(trial.params)
                other, length = self._families[trial.number]
                if other == family and DUPLICATE_ATTR not in trial.user_attrs:
                    found[length] = trial.number
        enough = [length for length in found if length >= epochs]
        best = min(enough, default=None) or max(found, default=None)
        return None if best is None else found[best]

    def _family(self, params: Mapping[str, Any]) -> tuple[str | None, Any]:
        """Returns what a trial has in common with its siblings (None: it has none), its epochs."""
        values = self.plan.values(params)
        epochs = values.pop(self.key, None)
        family = params_key(values)
        if family not in self._overrides:
            self._overrides[family] = self._own_overrides(params)
        lonely = epochs is None or self._overrides[family] is None
        return (None if lonely else family), epochs

    def _own_overrides(self, params: Mapping[str, Any]) -> Sequence[str] | None:
        try:
            config = self.config_of(params)
            shares = as_job(self.form.shares, config)
            return as_job(self.form.keeps, config) if shares else None
        except Exception:  # the job fails in the same way
            log.debug("no siblings of %s", params, exc_info=True)
            return None


def _is_finite(distribution: BaseDistribution) -> bool:
    discrete = isinstance(distribution, CategoricalDistribution | IntDistribution)
    return discrete or getattr(distribution, "step", None) is not None
