"""The table of studies: one row for each."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

from dropout_study.comparison.differences import Difference, StudyBest
from dropout_study.comparison.result import IMAGES, SEEDS
from dropout_study.report.accounting import account
from dropout_study.report.against import test_size
from dropout_study.report.objective import is_share
from dropout_study.report.view import Arm, StudyView
from dropout_study.results.notes import Notes, read_notes
from dropout_study.stats import Estimate, mean_estimate, share_estimate
from dropout_study.task.job_files import JobFileError
from dropout_study.trial import TrialState, metric_bounds


def study_row(study: StudyBest) -> dict[str, Any]:
    """Returns the first columns of a study: its trials, its best and its confirmed trial."""
    view = study.view
    spent, objective = account(view), view.objective
    several = len(objective.names) > 1
    return {
        "study": study.name,
        "trials": len(view.trials),
        "complete": spent.states.get(TrialState.COMPLETE, 0),
        "epochs": spent.epochs or None,
        "objective": ", ".join(objective.names) if several else objective.name,
        "direction": "" if several else ("minimize" if objective.minimize else "maximize"),
        **_best(view),
        **_confirmed(study),
    }


def place_and_notes(view: StudyView) -> dict[str, str]:
    """Returns the last columns: where a study is, and what its user has noted."""
    try:
        notes = read_notes(view.tables.root)
    except JobFileError:  # damaged; the study itself is not
        notes = Notes()
    root = str(view.tables.root)
    return {"directory": root, "tags": ", ".join(notes.tags), "notes": "; ".join(notes.notes)}


def _best(view: StudyView) -> dict[str, Any]:
    """Returns the best trial by the objective, its value and its test metric."""
    best, objective = view.single_objective_best, view.objective
    metric = objective.test_metric
    test, over = _test(view, best, metric) if best else (_unknown(), "")
    value = _over_seeds(best, "value", objective.name) if best else _unknown()
    return {
        "best_trial": best.number if best else None,
        "params": view.describe(best.number) if best else "",
        **_columns("value", value),
        "test_metric": metric,
        **_columns("test", test),
        "test_over": over,
    }


def _test(view: StudyView, best: Arm, metric: str) -> tuple[Estimate, str]:
    """Returns a test metric with its interval, and what the interval is over."""
    estimate, size = _over_seeds(best, metric, metric), test_size(view)
    if estimate.n == 1 and is_share(metric) and size is not None:
        return share_estimate(estimate.mean, size), IMAGES
    return estimate, SEEDS if estimate.n else ""


def _over_seeds(arm: Arm, column: str, metric: str) -> Estimate:
    values = list(arm.by_seed(column).values())
    return mean_estimate(values, bounds=metric_bounds(metric)) if values else _unknown()


def _confirmed(study: StudyBest) -> dict[str, Any]:
    found = study.confirmed
    return {
        "confirmed_trial": found.trial if found else None,
        **_columns("confirmed", found.estimate if found else _unknown()),
        "trained_on": found.trained_on if found else "",
    }


def _unknown() -> Estimate:
    return Estimate(nan, nan, nan, nan, 0)


def _columns(name: str, estimate: Estimate) -> dict[str, float]:
    """Returns the columns of an estimate, named as in ``confirmation.csv``."""
    bounds = {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return {name: estimate.mean, f"{name}_n": estimate.n, **bounds}


def difference_columns(found: Sequence[Difference | None]) -> list[Mapping[str, Any]]:
    """Returns the columns of the differences, one mapping for each study, all with equal names."""
    reference = next((each.reference for each in found if each), "")
    if not reference:
        return [{} for _ in found]
    return [_difference(f"minus_{reference}", each) for each in found]


def _difference(minus: str, found: Difference | None) -> dict[str, Any]:
    estimate = found.comparison.difference if found else _unknown()
    return {
        **_columns(minus, estimate),
        f"{minus}_p": found.comparison.p if found else nan,
        f"{minus}_p_holm": found.p_holm if found else nan,
        f"{minus}_seeds_of": found.source if found else "",
    }
