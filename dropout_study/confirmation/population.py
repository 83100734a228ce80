"""Trains the runs of a confirmation as populations, which takes less time."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import Any

from dropout_study.confirmation.runs import Run, end_run, train_one_by_one
from dropout_study.launch.population import Population
from dropout_study.launch.trial_form import TrialJob
from dropout_study.task.trial import Trial

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


class _RunJob(TrialJob):
    """A run as a job of a population."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.configuration}, seed {run.seed}", run.config)
        self._run = run

    def opened(self) -> AbstractContextManager[Trial]:
        return self._run.opened()

    def record(self, ended: Any) -> None:
        end_run(self._run, ended, population=True)
