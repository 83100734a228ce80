"""A pruner that predicts how a trial will end, from its learning curve and those of others."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from dropout_study.checks import check_at_least, check_share
from dropout_study.errors import argument_error
from dropout_study.search.attrs import DUPLICATE_ATTR

NAME = "hydra.sweeper.pruner"
FEWEST = 5
"""Complete trials of the fit: three coefficients and a variance are estimated from them."""
MOST = 200
"""Of more complete trials the latest are taken: the sampler has drawn them from where it is now."""
PENALTY = 1.0
"""Of the squared slopes, in units of a trial: with few trials the slopes are near 0."""


class LearningCurvePruner(BasePruner):
    """Stops a trial that has a small chance of ending better than the best complete trial.

    What a trial will still gain until its end is predicted from what complete trials gained from
    the same share of their steps on. The prediction is a linear regression on two properties of
    the curve at that point: its last value, and how much it has gained since half as many steps. So
    a curve that still rises is expected to gain more than a flat one. The slopes are shrunk by a
    ridge penalty. The chance is that of Student's t distribution, as for the prediction interval of
    a regression (Hastie, Tibshirani & Friedman 2009, The Elements of Statistical Learning, chapter
    3); it includes the noise of a single trial.

    A trial's number of steps is learned from the complete trials: if the value of a searched
    parameter is the number of steps of each of them, as where the epochs are searched, it is the
    trial's own value of that parameter; otherwise the most steps of any complete trial.

    Args:
        min_chance: a trial with a smaller chance of ending better than the best is stopped.
        n_startup_trials: complete trials before any is stopped, at least 5.
        n_warmup_steps: steps of each trial at which it is not stopped.

    Raises:
        UserError: a value is out of its range.
    """

    def __init__(
        self, min_chance: float = 0.05, n_startup_trials: int = FEWEST, n_warmup_steps: int = 0
    ) -> None:
        check_share(f"{NAME}.min_chance", min_chance)
        if min_chance in (0, 1):
            raise argument_error(f"{NAME}.min_chance", min_chance, "must be between 0 and 1")
        check_at_least(f"{NAME}.n_startup_trials", n_startup_trials, low=FEWEST)
        check_at_least(f"{NAME}.n_warmup_steps", n_warmup_steps, low=0)
        self.min_chance = min_chance
        self.n_startup_trials = n_startup_trials
        self.n_warmup_steps = n_warmup_steps

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Returns whether the trial is stopped after its last report. One of NaN always is."""
        step = trial.last_step
        if step is None or step <= self.n_warmup_steps:
            return False
        if math.isnan(trial.intermediate_values[step]):
            return True
        chance = self.chance(study, trial)
        return chance is not None and chance < self.min_chance

    def chance(self, study: optuna.Study, trial: FrozenTrial) -> float | None:
        """Returns the chance that a trial will end better than the best complete one.

        None if it cannot be told: there are too few complete trials, the trial is at its end, or
        its last report is infinitely good.
        """
        complete = _with_curve(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
        if len(complete) < self.n_startup_trials:
            return None
        sign = -1 if study.direction == StudyDirection.MINIMIZE else 1
        steps, now = steps_of(trial, complete), trial.last_step
        if now is None or now >= steps:
            return None
        best = max(sign * _value(each) for each in complete)
        if not math.isfinite(last := sign * trial.intermediate_values[now]):
            return 0.0 if last < 0 else None
        own = Curve.of(trial, sign)
        curves = [Curve.of(each, sign) for each in complete[-MOST:]]
        ends = [sign * _value(each) for each in complete[-MOST:]]
        mean, sd, freedom = predicted_end(own, now / steps, curves, ends)
        from scipy.special import stdtr

        return float(stdtr(freedom, (mean - best) / sd))


@dataclass(frozen=True)
class Curve:
    """A trial's finite reports, larger is better.

    Attributes:
        steps: of the reports, ascending.
        values: the reports.
    """

    steps: list[int]
    values: list[float]

    @classmethod
    def of(cls, trial: FrozenTrial, sign: int) -> "Curve":
        """Returns the curve of a trial; a larger value of ``sign`` times a report is better."""
        reports = sorted(trial.intermediate_values.items())
        finite = [(step, sign * value) for step, value in reports if math.isfinite(value)]
        return cls([step for step, _ in finite], [value for _, value in finite])

    def at(self, step: float) -> float:
        """Returns the last report up to ``step``, or the first one."""
        return self.values[max(bisect_right(self.steps, step) - 1, 0)]

    def properties(self, share: float) -> tuple[float, float]:
        """Returns the value at a share of all steps, and its gain since half as many steps."""
        step = max(round(share * self.steps[-1]), self.steps[0])
        value = self.at(step)
        return value, value - self.at(math.ceil(step / 2))


def predicted_end(
    own: Curve, share: float, curves: Sequence[Curve], ends: Sequence[float]
) -> tuple[float, float, int]:
    """Predicts how a trial will end.

    Args:
        own: its curve so far.
        share: the share of its steps that it has done.
        curves: those of complete trials.
        ends: their final values.

    Returns:
        Mean, scale and degrees of freedom of a Student's t distribution.
    """
    seen = np.array([curve.properties(share) for curve in curves])
    gains = np.array(ends) - seen[:, 0]
    center, spread = seen.mean(axis=0), seen.std(axis=0)
    spread[spread == 0] = 1.0
    scaled = (seen - center) / spread
    point = (np.array(own.properties(1.0)) - center) / spread
    inverse = np.linalg.inv(scaled.T @ scaled + PENALTY * np.eye(2))
    slopes = inverse @ scaled.T @ (gains - gains.mean())
    freedom = len(gains) - 3
    rest = gains - gains.mean() - scaled @ slopes
    variance = rest @ rest / freedom * (1 + 1 / len(gains) + point @ inverse @ point)
    mean = own.values[-1] + gains.mean() + point @ slopes
    return float(mean), max(math.sqrt(variance), 1e-12), freedom


def steps_of(trial: FrozenTrial, complete: Sequence[FrozenTrial]) -> float:
    """Returns the number of steps of a trial, as the class describes."""
    for name, value in trial.params.items():
        if _is_number(value) and all(each.params.get(name) == each.last_step for each in complete):
            return float(value)
    return max(each.last_step or 0 for each in complete)


def _with_curve(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Returns the trials with finite values, without those that took another one's result."""
    return [
        trial
        for trial in trials
        if DUPLICATE_ATTR not in trial.user_attrs
        and trial.intermediate_values
        and all(map(math.isfinite, (_value(trial), *trial.intermediate_values.values())))
    ]


def _value(trial: FrozenTrial) -> float:
    assert trial.value is not None
    return trial.value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
