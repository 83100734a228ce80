"""Sentences on the likely best configuration, and how far from it best seen and confirmed lie."""

from collections.abc import Iterator

import pandas as pd

from dropout_study.report.amounts import amount, points
from dropout_study.report.confirmed import confirmed_metric
from dropout_study.report.objective import is_share, metric_words
from dropout_study.report.predicted import Predicted, predicted_best
from dropout_study.report.view import Arm, NotEnoughError, StudyView
from dropout_study.stats import paired_comparison


def likely_best_sentences(view: StudyView) -> list[str]:
    """Returns sentences on the likely best configuration, or why there are none."""
    if view.best is None:
        return []
    try:
        found = predicted_best(view)
    except NotEnoughError as reason:
        return [f"No configuration is predicted to be the best: the prediction {reason}."]
    return [_prediction(view, view.best, found), *_apart(view, view.best, found.arm)]


def _prediction(view: StudyView, best: Arm, found: Predicted) -> str:
    name, label, arm = view.objective.name, view.objective.label, found.arm
    start = f"A Gaussian process over the {found.n} complete trials predicts the best mean {label} "
    sd = f"{100 * found.sd:.1f} points" if is_share(name) else f"{found.sd:.2g}"
    told = f"{amount(found.mean, name)} (standard deviation {sd})"
    if arm.number == best.number:
        return f"{start}for the best trial, too: {told}; it reached {amount(best.value, name)}."
    return (
        f"{start}for trial {arm.number} ({view.describe(arm.number)}): {told}; it reached "
        f"{amount(arm.value, name)}. For the best trial {amount(found.mean_of_seen, name)} is "
        f"predicted; it reached {amount(best.value, name)}."
    )


def _apart(view: StudyView, seen: Arm, predicted: Arm) -> Iterator[str]:
    """Yields a sentence on how far best seen, predicted and confirmed lie apart, if confirmed."""
    table, runs = view.tables.confirmation, view.tables.confirmation_runs
    if table is None or runs is None or not {"configuration", "mean"} <= set(table.columns):
        return
    metric = confirmed_metric(table)
    means = table.dropna(subset=["mean"]).set_index("configuration")["mean"]
    means = means[means.index.str.fullmatch(r"trial_\d+")]
    first, second = f"trial_{seen.number}", f"trial_{predicted.number}"
    if not {first, second} <= set(means.index) or metric not in runs:
        return
    third = str(means.idxmin() if metric.endswith("loss") else means.idxmax())
    if first == second == third:
        yield f"With fresh seeds {first} is the best by {metric_words(metric)}, too."
        return
    roles = {"best seen": first, "best predicted": second, "best confirmed": third}
    told = ", ".join(
        f"{role} {name} ({amount(float(means[name]), metric)})" for role, name in roles.items()
    )
    yield f"By {metric_words(metric)} with fresh seeds: {told}." + "".join(
        _minus(runs, metric, role, name, first)
        for role, name in roles.items()
        if name != first and not (role == "best confirmed" and name == second)
    )


def _minus(runs: pd.DataFrame, metric: str, role: str, name: str, first: str) -> str:
    """Returns a sentence on the difference of a configuration from the best seen; "" if none."""
    by_seed = [
        runs[runs["configuration"] == each].dropna(subset=[metric]).set_index("seed")[metric]
        for each in (name, first)
    ]
    pair = paired_comparison(*(dict(each) for each in by_seed))
    if pair is None:
        return ""
    told = points(pair.difference, metric)
    return (
        f" {role.capitalize()} minus best seen: {told}, paired over n = {pair.difference.n} seeds."
    )
