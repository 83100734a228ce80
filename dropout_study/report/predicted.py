"""The likely best configuration: of all that were tried, the one of the best predicted mean.

The best-looking trial of a study is also a lucky one. A Gaussian process over the complete trials
separates the smooth effect of the parameters from the noise of a single trial.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dropout_study.report.view import Arm, NotEnoughError, StudyView
from dropout_study.stats import Array, fit_gaussian_process

FEWEST = 10
"""Complete trials that the prediction needs at least."""
MOST = 400
"""Trials that the process is fitted to; of more, as many are taken at equal distances."""


@dataclass(frozen=True)
class Predicted:
    """The configuration of the best predicted mean.

    Attributes:
        arm: its trials.
        mean: the predicted mean of its objective.
        sd: the standard deviation of that prediction.
        mean_of_seen: the predicted mean of the trial with the best value.
        n: the number of complete trials.
    """

    arm: Arm
    mean: float
    sd: float
    mean_of_seen: float
    n: int


def predicted_best(view: StudyView) -> Predicted:
    """Returns which tried configuration has the best predicted mean of the objective.

    Only tried configurations are candidates (as the "effective best solution" of Huang et al. 2006,
    Global Optimization of Stochastic Black-Box Systems). In simulated studies of 20 and 40 trials
    the best predicted point of the whole space was usually worse than the best trial.

    Values of bad trials are raised to Tukey's lower fence, Q1 - 1.5 IQR: how bad they are would
    otherwise decide the scale. Only values of validation data are used.

    Raises:
        NotEnoughError: there are too few complete trials, or they do not differ.
    """
    done = view.complete
    if len(done) < FEWEST:
        raise NotEnoughError(
            "needs {needed} complete trials, there are {n}", needed=FEWEST, n=len(done)
        )
    if not view.params or done["value"].nunique() < 2:
        raise NotEnoughError("needs complete trials with different parameters and values")
    sign = -1 if view.objective.minimize else 1
    used = np.unique(np.linspace(0, len(done) - 1, MOST).round().astype(int))
    coordinates = unit_points(view, done)
    values = sign * done["value"].to_numpy(float)
    low, high = np.quantile(values, [0.25, 0.75])
    process = fit_gaussian_process(
        coordinates[used], np.maximum(values, low - 1.5 * (high - low))[used]
    )
    arms = view.top(len(done))
    rows = [int(np.flatnonzero(done["trial"] == arm.number)[0]) for arm in arms]
    means, deviations = process.predict(coordinates[rows])
    best = int(means.argmax())
    return Predicted(
        arm=arms[best],
        mean=sign * float(means[best]),
        sd=float(deviations[best]),
        mean_of_seen=sign * float(means[0]),
        n=len(done),
    )


def unit_points(view: StudyView, rows: pd.DataFrame) -> Array:
    """Returns the searched parameters of trials as points of the unit cube, [N, D].

    A number is scaled to [0, 1], on a logarithmic scale where it was searched on one. A number that
    only some trials have is in the middle for the others, and a further dimension tells the two
    apart. Every other value is a dimension of its own, 0 or 1.
    """
    columns: list[Array] = []
    for name in view.params:
        given = rows[name]
        if name not in view.numeric_params:
            dummies = pd.get_dummies(given.fillna("").astype(str), dtype=float)
            columns += list(dummies.to_numpy().T)
            continue
        numbers = given.to_numpy(float)
        numbers = np.log(numbers) if name in view.log_params else numbers
        known = np.isfinite(numbers)
        low, high = (numbers[known].min(), numbers[known].max()) if known.any() else (0.0, 0.0)
        scaled = (numbers - low) / ((high - low) or 1.0)
        columns += [np.where(known, scaled, 0.5)] + [known.astype(float)] * (not known.all())
    return np.stack(columns, axis=1)
