"""The running trial, as a task sees it: ``current_trial()``."""

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Protocol

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from dropout_study.checks import check_at_least
from dropout_study.config.keys import is_ours
from dropout_study.errors import argument_error
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.sweeper.outcome import number_of
from dropout_study.sweeper.source import Assignment, StudyStopping, TrialSource

if TYPE_CHECKING:
    import optuna


class RunningTrial(Protocol):
    """The trial that a task is running for."""

    @property
    def number(self) -> int | None:
        """The trial's number, equal to ``hydra.job.num``; None outside a sweep."""

    def report(self, value: float, step: int) -> None:
        """Reports an intermediate value of the objective after ``step``, 1, 2, ... epochs.

        Args:
            value: anything that ``float()`` accepts, a tensor of one element too. NaN and infinite
                values go to the pruner, as in Optuna.
            step: a completed epoch.

        Raises:
            UserError: ``value`` is no number, or ``step`` is negative.
            StudyStopping: the study is being stopped; ``except Exception`` does not catch it.
        """

    def should_prune(self) -> bool:
        """Returns whether the pruner ends or pauses the trial after its last report.

        The task then raises ``TrialPruned(metrics)`` or ``optuna.TrialPruned``.
        """

    @property
    def may_continue(self) -> bool:
        """Whether the trial, if it is pruned now, may be continued later: its state is kept."""

    def checkpoint_dir(self) -> Path:
        """Returns a directory for the task's checkpoints, which survives until the trial has ended.

        When the trial runs again, because its process died or its study was stopped, it finds there
        what it has written. Outside a sweep it is an empty temporary directory, so that the same
        task begins anew.
        """


class KeepsCheckpoints:
    """Has the directory of the running job's checkpoints, the same in all ranks of the job."""

    def checkpoint_dir(self) -> Path:
        """Returns the directory in the job's own, made if it is missing."""
        hydra = HydraConfig.get() if HydraConfig.initialized() else None
        if hydra is None or hydra.mode != RunMode.MULTIRUN or not is_ours(hydra.sweeper):
            return _temporary_dir()
        directory = JobPaths(Path(hydra.runtime.output_dir)).checkpoint_dir
        directory.mkdir(parents=True, exist_ok=True)
        return directory


@cache
def _temporary_dir() -> Path:
    directory = Path(mkdtemp(prefix="checkpoint_"))
    atexit.register(rmtree, directory, ignore_errors=True)
    return directory


class NullTrial(KeepsCheckpoints):
    """A trial without reports that is never pruned: outside a sweep, or in a rank above 0."""

    def __init__(self, number: int | None = None) -> None:
        self.number = number

    def report(self, value: float, step: int) -> None:
        """Does nothing."""

    def should_prune(self) -> bool:
        """Returns False."""
        return False

    @property
    def may_continue(self) -> bool:
        """False: it is never pruned."""
        return False


def checked_report(value: Any, step: Any) -> tuple[float, int]:
    """Returns a report as plain numbers, or raises the error where the task can see it.

    Raises:
        UserError: ``value`` is no number, or ``step`` is no number >= 0.
    """
    number, whole = number_of(value), number_of(step)
    if number is None:
        raise argument_error("value", value, "of `report` must be a number")
    if whole is None:
        raise argument_error("step", step, "must be a whole number >= 0")
    return float(number), int(check_at_least("step", whole, low=0))


class SourceTrial(KeepsCheckpoints):
    """A trial that runs in the sweeper's own process."""

    def __init__(self, assignment: Assignment, source: TrialSource) -> None:
        self.number: int | None = assignment.number
        self._assignment = assignment
        self._source = source
        self._goes_on = True

    def report(self, value: float, step: int) -> None:
        """Reports to the study."""
        self._goes_on = self._source.report(self._assignment, *checked_report(value, step))
        if not self._goes_on and self._source.abandons(self._assignment):
            raise StudyStopping

    def should_prune(self) -> bool:
        """Returns the pruner's answer to the last report."""
        return not self._goes_on

    @property
    def may_continue(self) -> bool:
        """Returns what its source says."""
        return self._source.may_continue(self._assignment)


class StoredTrial(KeepsCheckpoints):
    """A trial in a process that a launcher has started: it reports to the study's storage."""

    def __init__(self, study: "optuna.Study", number: int, budget: int | None = None) -> None:
        from dropout_study.search.budget import Budget
        from dropout_study.search.internals import trial_of

        self.number: int | None = number
        self.may_continue = False
        self._study = study
        self._budget = Budget(study, budget)
        self._trial = trial_of(study, number)
        self._known = set(study.get_trials(deepcopy=False)[number].intermediate_values)
        self._last = -1

    def report(self, value: float, step: int) -> None:
        """Writes the report to the storage, unless it is there already."""
        value, step = checked_report(value, step)
        if step not in self._known:
            self._trial.report(value, step)
            self._known.add(step)
        self._last = step

    def should_prune(self) -> bool:
        """Asks the pruner, unless an earlier run of the trial already went past this step."""
        if not self._known or self._last < max(self._known):
            return False
        return self._budget.is_spent() or self.may_continue or self._asked()

    def _asked(self) -> bool:
        """Returns the pruner's answer; if the trial pauses, this is noted for the sweeper."""
        from dropout_study.search.attrs import PAUSED_ATTR
        from dropout_study.search.pruners.promotion import PauseAndPromotePruner

        stops = self._trial.should_prune()
        self.may_continue = stops and isinstance(self._study.pruner, PauseAndPromotePruner)
        if self.may_continue:
            self._trial.set_user_attr(PAUSED_ATTR, self._last)
        return stops


_current: RunningTrial | None = None
_stored: tuple[object, RunningTrial] | None = None


def current_trial() -> RunningTrial:
    """Returns the trial that this code is running for, or a null trial outside a sweep."""
    global _stored
    if _current is not None:
        return _current
    if not HydraConfig.initialized():
        return NullTrial()
    hydra = HydraConfig.get()
    if not is_ours(hydra.sweeper) or hydra.mode != RunMode.MULTIRUN:
        return NullTrial()
    config = HydraConfig.instance().cfg
    if _stored is None or _stored[0] is not config:  # each job of a process has its own
        _stored = config, _stored_trial()
    return _stored[1]


@contextmanager
def use_trial(trial: RunningTrial) -> Iterator[None]:
    """Makes ``trial`` the current one while the block runs."""
    global _current
    before, _current = _current, trial
    try:
        yield
    finally:
        _current = before


def _stored_trial() -> RunningTrial:
    """Returns the trial of the job that a launcher has started in this process."""
    from dropout_study.sweeper.confs.moving_over import moved_over

    given: Any = HydraConfig.get()
    config, _ = moved_over(given._get_parent())  # the parent: interpolations point to it
    hydra = config.hydra
    sweeper = hydra.sweeper
    objectives = (
        sweeper.direction if not isinstance(sweeper.direction, str) else [sweeper.direction]
    )
    if sweeper.get("replicates", 1) > 1 or len(objectives) > 1:
        return NullTrial()  # neither can be pruned; the sweeper tells a replicate's result itself
    from dropout_study.search.storage.open import open_storage
    from dropout_study.search.storage.urls import absolute_url
    from dropout_study.search.study import load_for_report
    from dropout_study.sweeper.samplers import build_pruner
    from dropout_study.sweeper.settings import SweepSettings, part_of

    started_in = Path(hydra.runtime.cwd)  # the job may have changed directory since
    paths = StudyPaths(started_in / hydra.sweep.dir)
    name = sweeper.study_name or paths.root.name
    url = sweeper.storage and absolute_url(sweeper.storage, started_in)
    wait_s = sweeper.get("storage_timeout", SweepSettings.storage_timeout)
    storage = open_storage(url, paths.journal, wait_s=wait_s)
    return StoredTrial(
        load_for_report(storage, name, build_pruner(part_of("pruner", hydra))),
        hydra.job.num,
        sweeper.get("budget"),
    )
