"""The likely best configuration: of all that were tried, the one of the best predicted mean.

The best-looking trial of a study is also a lucky one. A Gaussian process over the complete trials
separates the smooth effect of the parameters from the noise of a single trial.
"""

from dataclasses import dataclass

import numpy as np

from dropout_study.report.surrogate import surrogate
from dropout_study.report.view import Arm, StudyView


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
    the best predicted point of the whole space was usually worse than the best trial. Only values
    of validation data are used.

    Raises:
        NotEnoughError: there are too few complete trials, or they do not differ.
    """
    fitted = surrogate(view, view.objective.targets[0])
    done = view.complete
    arms = view.top(len(done))
    places = [int(np.flatnonzero(done["trial"] == arm.number)[0]) for arm in arms]
    told = fitted.at_trials(places)
    best = max(range(len(arms)), key=lambda place: fitted.sign * told[place].mean)
    return Predicted(
        arm=arms[best],
        mean=told[best].mean,
        sd=told[best].sd,
        mean_of_seen=told[0].mean,
        n=len(done),
    )
