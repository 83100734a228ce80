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
from dropout_study.report.figures.style import BLUE, finish
from dropout_study.report.view import StudyView, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST = 8
"""Complete trials that the estimate needs at least."""


def parameter_importances(view: StudyView) -> dict[str, float]:
    """Returns each parameter's share of importance, the largest first; they sum to 1.

    The method is Optuna's default, PED-ANOVA (Watanabe, Bansal & Hutter 2023), on a study made from
    the table. The range of a parameter is the range of its tried values. Parameters that only some
    trials have are left out.
    """
    done = view.complete
    names = [name for name in view.params if done[name].notna().all() and done[name].nunique() > 1]
    if len(done) < FEWEST or len(names) < 2 or done["value"].nunique() < 2:
        raise NotEnoughError(
            f"needs {FEWEST} complete trials with two varied parameters and different values, "
            f"there are {len(done)} complete and {len(names)} varied"
        )
    # Optuna 4's own default is fANOVA, which needs scikit-learn.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # Optuna 4 says so
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    return optuna.importance.get_param_importances(
        _as_study(view, done, names), evaluator=evaluator
    )


def _as_study(view: StudyView, done: pd.DataFrame, names: list[str]) -> optuna.Study:
    space = {name: _distribution(view, name) for name in names}
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = optuna.create_study(direction="minimize" if view.objective.minimize else "maximize")
    finally:
        optuna.logging.set_verbosity(verbosity)
    for row in done.to_dict("records"):
        params = {
            name: float(row[name]) if name in view.numeric_params else str(row[name])
            for name in names
        }
        study.add_trial(
            optuna.create_trial(params=params, distributions=space, value=float(row["value"]))
        )
    return study


def _distribution(view: StudyView, name: str) -> BaseDistribution:
    column = view.complete[name]
    if name in view.numeric_params:
        low, high = float(column.min()), float(column.max())
        return FloatDistribution(low, high, log=name in view.log_params)
    return CategoricalDistribution(sorted(set(column.astype(str))))


def draw_importances(shares: dict[str, float], figure: "Figure") -> None:
    """Draws one bar per parameter."""
    figure.set_size_inches(6.4, 0.42 * len(shares) + 1.3)
    ax = figure.add_subplot()
    names = list(shares)[::-1]
    bars = ax.barh([short(name) for name in names], [shares[n] for n in names], color=BLUE)
    ax.bar_label(bars, fmt="%.2f", padding=3, fontsize=9)
    ax.set_xlim(0, 1.1 * max(shares.values()))
    ax.set_xlabel("share of importance (PED-ANOVA)")
    first = next(iter(shares))
    ax.set_title(f"{short(first)} mattered most", fontsize=10)
    finish(ax, legend=False)


FIGURE = FigureSpec(
    "importances",
    "Parameter importances",
    "Optuna's PED-ANOVA (Watanabe et al. 2023) on the complete trials: how well one parameter "
    "alone separates the good trials from the rest. It depends on the searched ranges.",
    lambda view, figure: draw_importances(parameter_importances(view), figure),
    place=70,
)
