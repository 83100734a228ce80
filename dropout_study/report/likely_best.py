"""Sentences on the likely best configuration, and how far from it best seen and confirmed lie."""

from collections.abc import Iterator

import pandas as pd

from dropout_study.report.amounts import amount, points
from dropout_study.report.confirmed import confirmed_metric
from dropout_study.report.language import say
from dropout_study.report.objective import NotEnoughError, is_share, metric_words
from dropout_study.report.predicted import Predicted, predicted_best
from dropout_study.report.view import Arm, StudyView
from dropout_study.stats import paired_comparison
from dropout_study.trial import metric_bounds

ROLES = ("best seen", "best predicted", "best confirmed")


def likely_best_sentences(view: StudyView) -> list[str]:
    """Returns sentences on the likely best configuration, or why there are none."""
    if view.best is None:
        return []
    try:
        found = predicted_best(view)
    except NotEnoughError as reason:
        told = "No configuration is predicted to be the best: the prediction {reason}."
        return [say(told, reason=reason)]
    return [_prediction(view, view.best, found), *_apart(view, view.best, found.arm)]


def _prediction(view: StudyView, best: Arm, found: Predicted) -> str:
    name, arm = view.objective.name, found.arm
    deviation = 100 * found.sd if is_share(name) else found.sd
    facts = {
        "n": found.n,
        "metric": view.objective.label,
        "mean": amount(found.mean, name),
        "sd": say("{sd:.1f} points", sd=deviation) if is_share(name) else f"{deviation:.2g}",
        "reached": amount(best.value, name),
    }
    if arm.number == best.number:
        return say(
            "A Gaussian process over the {n} complete trials predicts the best mean {metric} for "
            "the best trial, too: {mean} (standard deviation {sd}); it reached {reached}.",
            **facts,
        )
    return say(
        "A Gaussian process over the {n} complete trials predicts the best mean {metric} for trial "
        "{number} ({settings}): {mean} (standard deviation {sd}); it reached {value}. For the best "
        "trial {seen} is predicted; it reached {reached}.",
        number=arm.number,
        settings=view.describe(arm.number),
        value=amount(arm.value, name),
        seen=amount(found.mean_of_seen, name),
        **facts,
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
    words = metric_words(metric)
    if first == second == third:
        yield say(
            "With fresh seeds trial {number} is the best by {metric}, too.",
            number=seen.number,
            metric=words,
        )
        return
    roles = dict(zip(ROLES, (first, second, third), strict=True))
    told = ", ".join(
        say(
            "{role} trial {number} ({value})",
            role=say(role),
            number=name.removeprefix("trial_"),
            value=amount(float(means[name]), metric),
        )
        for role, name in roles.items()
    )
    yield say("By {metric} with fresh seeds: {roles}.", metric=words, roles=told) + "".join(
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
    pair = paired_comparison(*(dict(each) for each in by_seed), bounds=metric_bounds(metric))
    if pair is None:
        return ""
    return say(
        " The {role} minus the best seen: {points}, paired over n = {n} seeds, each difference for "
        "itself.",
        role=say(role),
        points=points(pair.difference, metric),
        n=pair.difference.n,
    )
