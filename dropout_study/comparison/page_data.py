"""What the scripts of a comparison's page need: the best trial of each study, as a row."""

import shlex
from typing import Any

from dropout_study.comparison.result import StudyComparison
from dropout_study.report.interactive import (
    column_facts,
    curve_facts,
    overrides_of,
    page_columns,
    plain,
)
from dropout_study.report.view import StudyView

BEST = {"key": "best_trial", "label": "best trial", "numeric": True, "whole": True}


def comparison_data(compared: StudyComparison) -> dict[str, Any]:
    """Returns the data of ``study.js``; a study's number takes the place of a trial's."""
    names = list(compared.studies["study"])
    facts: dict[str, dict[str, Any]] = {}
    for view in compared.views:
        for name in page_columns(view)[2:]:  # the first two are the trial's number and state
            facts.setdefault(name, column_facts(view, name))
    rows = [
        [place, *_row(view, list(facts))]
        for place, view in enumerate(compared.views)
        if view.single_objective_best is not None
    ]
    return {
        "columns": [{"key": "trial", "label": "study", "numeric": True}, BEST, *facts.values()],
        "rows": rows,
        "objective": next(iter(facts), "value"),
        "minimize": compared.views[0].objective.minimize,
        "curves": _curves(compared, names),
        "names": dict(enumerate(names)),
        "chosen": [row[0] for row in rows],
        "command": {
            "directories": {},
            "reruns": {row[0]: _rerun(compared.views[row[0]], row[1]) for row in rows},
            "overrides": {row[0]: _overrides(compared.views[row[0]], row[1]) for row in rows},
        },
    }


def _row(view: StudyView, columns: list[str]) -> list[Any]:
    assert view.single_objective_best is not None
    trial = view.single_objective_best.trials.iloc[0]
    return [view.single_objective_best.number, *(plain(trial.get(name)) for name in columns)]


def _rerun(view: StudyView, number: int) -> str:
    return shlex.join(["dropout-study-rerun", str(view.tables.root), str(number)])


def _overrides(view: StudyView, number: int) -> str:
    return next(iter(overrides_of(view, view.trials[view.trials["trial"] == number])))


def _curves(compared: StudyComparison, names: list[str]) -> dict[str, Any]:
    metrics = [str(name) for name in compared.curves if name not in ("study", "epoch")]
    groups = {names.index(str(name)): rows for name, rows in compared.curves.groupby("study")}
    return {
        "columns": list(map(curve_facts, metrics)),
        "epochs": {place: [int(e) for e in rows["epoch"]] for place, rows in groups.items()},
        "values": {
            metric: {place: [plain(v) for v in rows[metric]] for place, rows in groups.items()}
            for metric in metrics
        },
    }
