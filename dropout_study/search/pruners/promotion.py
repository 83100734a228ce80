"""Pause and promote: asynchronous successive halving in which trials wait and are not ended.

Source: Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning (MLSys), Algorithm 2.
"""

import math
from collections.abc import Iterable, Sequence

import optuna
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from dropout_study.checks import check_at_least
from dropout_study.errors import argument_error
from dropout_study.search.attrs import DUPLICATE_ATTR, PAUSED_ATTR, PROMOTED_ATTR
from dropout_study.search.paused import is_paused

NAME = "hydra.sweeper.pruner"


class PauseAndPromotePruner(BasePruner):
    """Pauses a trial at a rung unless it is among the best there; promotes it once it is.

    Rung k lies at ``min_resource * reduction_factor**k`` steps. The best trials of a rung are the
    best floor(n / reduction_factor) of the n that have reported there, whatever became of them
    since. ``last_hope`` is promoted if the study would end without a complete trial. A trial that
    has taken the result of another one (``duplicates: reuse``) does not count.

    Args:
        min_resource: steps to the first rung.
        reduction_factor: one in so many trials goes on from a rung.
        max_resource: steps of the longest trial: there is no rung from there on. None: a trial is
            taken to end by itself.

    Raises:
        UserError: a value is out of its range.
    """

    def __init__(
        self, min_resource: int = 1, reduction_factor: int = 4, max_resource: int | None = None
    ) -> None:
        check_at_least(f"{NAME}.min_resource", min_resource, low=1)
        check_at_least(f"{NAME}.reduction_factor", reduction_factor, low=2)
        if max_resource is not None and max_resource <= min_resource:
            rule = f"must be greater than min_resource={min_resource}, the first rung"
            raise argument_error(f"{NAME}.max_resource", max_resource, rule)
        self.min_resource = min_resource
        self.reduction_factor = reduction_factor
        self.max_resource = max_resource

    def rungs(self, steps: int) -> list[int]:
        """Returns the rungs up to and at ``steps``, the lowest first."""
        found: list[int] = []
        rung = self.min_resource
        while rung <= steps and (self.max_resource is None or rung < self.max_resource):
            found.append(rung)
            rung *= self.reduction_factor
        return found

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Returns whether the trial pauses after its last report.

        It does if the report is its first at a rung (or beyond, if it does not report every step)
        and the trial is not among the best of the rung. A trial that was promoted from this rung
        and runs again goes on.
        """
        rung = self._reached_now(trial)
        if rung is None or (trial.user_attrs.get(PROMOTED_ATTR) or 0) >= rung:
            return False
        best = self._best(study.get_trials(deepcopy=False), rung, study.direction)
        return trial.number not in {each.number for each in best}

    def promotable(
        self, trials: Sequence[FrozenTrial], direction: StudyDirection
    ) -> list[FrozenTrial]:
        """Returns the paused trials that can go on, in the order in which they do.

        The highest rung comes first, and in a rung the best trial.
        """
        paused = {trial.user_attrs[PAUSED_ATTR] for trial in trials if is_paused(trial)}
        return [
            trial
            for rung in sorted(paused, reverse=True)
            for trial in self._best(trials, rung, direction)
            if is_paused(trial) and trial.user_attrs[PAUSED_ATTR] == rung
        ]

    def last_hope(self, trials: Sequence[FrozenTrial], direction: StudyDirection) -> FrozenTrial:
        """Returns the paused trial that has come furthest, of several the best (at least one is).

        It is not in the paper, whose number of trials has no end: a study of few trials would end
        with none that was trained to its end.
        """
        furthest = max(trial.user_attrs[PAUSED_ATTR] for trial in trials if is_paused(trial))
        there = self._ranked(trials, furthest, direction)
        return next(trial for trial in there if is_paused(trial))

    def _reached_now(self, trial: FrozenTrial) -> int | None:
        """Returns the highest rung that the trial's last report is the first to reach."""
        *earlier, last = sorted(trial.intermediate_values) or [0]
        new = [rung for rung in self.rungs(last) if not earlier or rung > earlier[-1]]
        return new[-1] if new else None

    def _best(
        self, trials: Iterable[FrozenTrial], rung: int, direction: StudyDirection
    ) -> list[FrozenTrial]:
        """Returns the best floor(n / reduction_factor) of the n trials at a rung, best first."""
        there = self._ranked(trials, rung, direction)
        return there[: len(there) // self.reduction_factor]

    def _ranked(
        self, trials: Iterable[FrozenTrial], rung: int, direction: StudyDirection
    ) -> list[FrozenTrial]:
        """Returns the trials that have come to a rung, best first.

        Of equal ones the older comes first; NaN is worse than any number.
        """
        sign = -1 if direction == StudyDirection.MAXIMIZE else 1
        there = [
            (math.isnan(value), sign * value, trial.number, trial)
            for trial in trials
            if DUPLICATE_ATTR not in trial.user_attrs
            and (value := value_at(trial, rung)) is not None
        ]
        return [each[3] for each in sorted(there, key=lambda each: each[:3])]


def value_at(trial: FrozenTrial, rung: int) -> float | None:
    """Returns what a trial reported first at a rung or beyond; None if it did not get there."""
    values = trial.intermediate_values
    if rung in values:
        return values[rung]
    step = min((step for step in values if step > rung), default=None)
    return None if step is None else values[step]
