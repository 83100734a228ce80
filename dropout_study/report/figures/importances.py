"""The importance of each parameter, computed by Optuna."""

import warnings
from typing import TYPE_CHECKING

import optuna
import pandas as pd
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
)
from optuna.exceptions import ExperimentalWarning

from dropout_study.report.figures.spec import FigureSpec, NotEnoughError
from dropout_study.report.figures.style import BLUE
from dropout_study.report.language import say
from dropout_study.report.objective import Target
from dropout_study.report.view import StudyView, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST = 8
"""Complete trials that the estimate needs at least."""


def parameter_importances(view: StudyView, target: Target) -> dict[str, float]:
    """Returns each parameter's share of importance, the largest first; they sum to 1.

    The method is Optuna's PED-ANOVA (Watanabe, Bansal & Hutter 2023), on a study made from the
    table. The range of a parameter is the range of its tried values. Parameters that only some
    trials have are left out.
    """
    done = view.objective.finished
    names = [name for name in view.params if done[name].notna().all() and done[name].nunique() > 1]
    if len(done) < FEWEST or len(names) < 2 or done[target.column].nunique() < 2:
        raise NotEnoughError(
            "needs {needed} complete trials with two varied parameters and different values, there "
            "are {complete} complete and {varied} varied",
            needed=FEWEST,
            complete=len(done),
            varied=len(names),
        )
    # Not the default of Optuna 4, fANOVA, which needs scikit-learn.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # Optuna 4 says so
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    study = _as_study(view, done, names, target)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


def _as_study(
    view: StudyView, done: pd.DataFrame, names: list[str], target: Target
) -> optuna.Study:
    space = {name: _distribution(view, name) for name in names}
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(direction="minimize" if target.minimize else "maximize")
    finally:
        optuna.logging.set_verbosity(verbosity)
    for row in done.to_dict("records"):
        params = {
            name: float(row[name]) if name in view.numeric_params else str(row[name])
            for name in names
        }
        study.add_trial(
            optuna.create_trial(params=params, distributions=space, value=float(row[target.column]))
        )
    return study


def _distribution(view: StudyView, name: str) -> BaseDistribution:
    column = view.objective.finished[name]
    if name in view.numeric_params:
        low, high = float(column.min()), float(column.max())
        return FloatDistribution(low, high, log=name in view.log_params)
    return CategoricalDistribution(sorted(set(column.astype(str))))


def draw_importances(shares: dict[str, dict[str, float]], figure: "Figure") -> None:
    """Draws a panel for each objective, by its label, with one bar per parameter."""
    bars = max(map(len, shares.values()))
    figure.set_size_inches(figure.get_figwidth(), 0.34 * bars + 1.2)
    axes = figure.subplots(1, len(shares), squeeze=False)[0]
    for ax, (label, own) in zip(axes, shares.items(), strict=True):
        names = list(own)[::-1]
        drawn = ax.barh([short(name) for name in names], [own[n] for n in names], color=BLUE)
        ax.bar_label(drawn, fmt="%.2f", padding=3)
        ax.set_xlim(0, 1.12 * max(own.values()))
        ax.set_xlabel(say("share of importance (PED-ANOVA)"))
        first = short(next(iter(own)))
        ax.set_title(say("{metric}: {name} mattered most", metric=label, name=first))


def _draw(view: StudyView, figure: "Figure") -> None:
    targets = view.objective.targets
    draw_importances({each.label: parameter_importances(view, each) for each in targets}, figure)


FIGURE = FigureSpec(
    "importances",
    "Parameter importances",
    "Optuna's PED-ANOVA (Watanabe et al. 2023) on the complete trials: how well one parameter "
    "alone separates the good trials from the rest. It depends on the searched ranges.",
    _draw,
    place=70,
)
