"""Trains the runs of a confirmation as populations, which takes less time."""

from collections.abc import Hashable, Sequence
from contextlib import ExitStack
from itertools import islice

from dropout_study.confirmation.runs import Run, end_run, train_one_by_one
from dropout_study.launch.form import MemberTask
from dropout_study.launch.population import Population
from dropout_study.launch.trial_form import TrialForm, member_task
from dropout_study.sweep.source import Interrupted
from dropout_study.training.population.member import MemberResult
from dropout_study.trial import Metrics

ALONE = ("bfloat16",)
"""Precisions in which a member of a population gets other results than the same run alone. A
mantissa of 7 bits makes the result of a sum depend strongly on its order."""


def train_runs(runs: Sequence[Run]) -> None:
    """Trains the runs so that each gets the numbers of a run alone, up to rounding.

    Runs with a precision in ``ALONE`` are trained one after the other, the others as populations.
    """
    train_one_by_one([run for run in runs if _is_alone(run)])
    train_as_population([run for run in runs if not _is_alone(run)])


def _is_alone(run: Run) -> bool:
    return str(run.config.trainer.get("precision")) in ALONE


def train_as_population(runs: Sequence[Run]) -> None:
    """Trains runs with the same data and settings together, and records each run when it ends.

    Runs with the same seed share minibatches and noise, and are stacked if their networks allow it.
    A run that diverges or raises is recorded as FAIL. The other runs go on.
    """
    jobs = map(_RunJob, runs)
    Population(lambda count: islice(jobs, count)).train()


class _RunJob:
    """A run as a job of a population."""

    def __init__(self, run: Run) -> None:
        self.name = f"{run.configuration}, seed {run.seed}"
        self._run = run
        self._opened = ExitStack()

    def group(self) -> Hashable:
        return TrialForm().group(self._run.config)

    def begin(self) -> MemberTask | None:
        try:
            self._task = member_task(self._opened.enter_context(self._run.opened()))
        except Exception as error:  # a user's network may raise any exception
            end_run(self._run, error)
            return None
        if all(self.goes_on(row) for row in self._task.history):
            return self._task
        self.end(MemberResult(list(self._task.history)))
        return None

    def goes_on(self, metrics: Metrics) -> bool:
        return self._task.on_epoch(metrics)

    def end(self, result: MemberResult) -> None:
        self._opened.close()
        ended = result.error or self._task.result(result.history)
        end_run(self._run, ended, population=True)

    def close(self) -> None:
        self._opened.__exit__(Interrupted, Interrupted(), None)
