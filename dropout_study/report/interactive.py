"""What the scripts of the page need: the trials and their curves as one block of JSON."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from dropout_study.config.overrides import to_override
from dropout_study.report.figures.effects import effects
from dropout_study.report.figures.pareto import pareto_panels
from dropout_study.report.objective import NotEnoughError, is_share, metric_words, select
from dropout_study.report.view import SEED, StudyView, is_number
from dropout_study.results.columns import REPORTED
from dropout_study.results.printed.show import best_first

CHARTS = {
    "optimisation_history": "history",
    "effects": "effect",
    "intermediate_values": "curves",
    "parallel_coordinates": "parallel",
    "pareto": "pareto",
}
"""The figures that have an interactive twin, and its name in ``charts.js``."""
FOR_SEVERAL = ("intermediate_values", "pareto")
"""Those of them that show several objectives; the others' twins have room for one."""
MOST_CURVE_NUMBERS = 120_000
"""Largest number of values of all curves on the page; beyond it epochs are left out."""
WHOLE = ("trial", "epochs_run", "seed")


def charts_of(view: StudyView) -> dict[str, str]:
    """Returns those of ``CHARTS`` that the page of this study has."""
    several = len(view.objective.targets) > 1
    return {name: chart for name, chart in CHARTS.items() if not several or name in FOR_SEVERAL}


def page_data(view: StudyView, *, linked: bool = True) -> dict[str, Any]:
    """Returns the trials, the best first, their curves and commands, as plain data for JSON.

    A column that is the same in all trials is left out; the page names its value in a sentence.

    Args:
        view: the study.
        linked: whether the page is in the study's directory, so that it can link to the trials'.
    """
    rows = best_first(view.trials, minimize=view.objective.minimize)
    first, more = page_columns(view)[:3], page_columns(view)[3:]
    columns = [*first, *(name for name in more if view.varies(name))]
    cells = [[plain(value) for value in rows[name]] for name in columns]
    return {
        "columns": [column_facts(view, name) for name in columns],
        "rows": [list(row) for row in zip(*cells, strict=True)],
        "objective": columns[2],
        "minimize": view.objective.targets[0].minimize,
        "effects": _effects(view),
        "pareto": _pareto(view, columns),
        "curves": _curves(view),
        "command": _commands(view, rows, linked=linked),
    }


def _effects(view: StudyView) -> dict[str, Any]:
    """Returns what is predicted of each parameter: where, mean (None: not known) and deviation."""
    try:
        panels = effects(view)[0] if len(view.objective.targets) == 1 else []
    except NotEnoughError:
        return {}
    return {
        panel.name: {
            "at": [plain(at) for at in panel.at],
            "mean": [plain(each.mean) if each.known else None for each in panel.predicted],
            "sd": [plain(each.sd) for each in panel.predicted],
        }
        for panel in panels
        if panel.predicted
    }


def _pareto(view: StudyView, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Returns each two objectives that are columns, and the trials that no other dominates."""
    try:
        panels = pareto_panels(view)
    except NotEnoughError:
        return []
    keys = {"value": columns[2]}  # the objective, under its own name
    found = [
        {
            "x": keys.get(panel.x.column, panel.x.column),
            "y": keys.get(panel.y.column, panel.y.column),
            "front": panel.trials,
            "joined": panel.joined,
            "step": "end" if panel.x.minimize else "start",
        }
        for panel in panels
    ]
    return [each for each in found if {each["x"], each["y"]} <= set(columns)]


def page_columns(view: StudyView) -> list[str]:
    """Returns the columns of the page, the objective third; those without a value are left out."""
    given = view.trials.notna().any()
    own = [name for name in view.objective.names if name in view.trials and name != "value"]
    named = view.objective.name == "val_accuracy" or len(view.objective.targets) > 1
    value = [] if named else ["value"]
    objective = next((name for name in (*value, *own) if given[name]), "val_accuracy")
    seeds = [SEED] if SEED in view.tables.params and view.trials[SEED].nunique() > 1 else []
    accuracies = [name for name in REPORTED if is_share(name)]
    names = [*own, *accuracies, *view.settings, *seeds, "epochs_run", "seconds", *REPORTED, "seed"]
    told = dict.fromkeys(name for name in names if given[name] and name != objective)
    return ["trial", "state", objective, *told]


def column_facts(view: StudyView, name: str) -> dict[str, Any]:
    """Returns what the scripts need to know of a column."""
    column = view.trials[name]
    numeric = is_number(column) and name != "state"
    return {
        "key": name,
        "label": view.objective.label_of(name),
        "numeric": numeric,
        "whole": name in WHOLE or (numeric and bool((column.dropna() % 1 == 0).all())),
        "percent": view.objective.is_accuracy if name == "value" else is_share(name),
        "log": name in view.log_params,
        "param": name in view.settings,
    }


def curve_facts(metric: str) -> dict[str, Any]:
    """Returns what the scripts need to know of a metric over the epochs."""
    label, percent = metric_words(metric), is_share(metric)
    return {"key": metric, "label": label, "numeric": True, "percent": percent}


def plain(value: Any) -> Any:
    """Returns a cell as JSON has it: a number, a text, or None for an empty cell."""
    if value is None or pd.isna(value) or value == "":
        return None
    if isinstance(value, bool | str):
        return str(value)
    return int(value) if float(value).is_integer() else float(f"{value:.6g}")


def _curves(view: StudyView) -> dict[str, Any]:
    """Returns for each metric and trial the values over the epochs, as means over seeds."""
    histories = view.tables.histories.dropna(subset=["epoch"])
    wanted = dict.fromkeys(["val_accuracy", *view.objective.names, "train_loss", *REPORTED])
    metrics = [name for name in wanted if name in histories and histories[name].notna().any()]
    means = histories.groupby(["trial", "epoch"])[metrics].mean().reset_index()
    step = -(-len(means) * len(metrics) // MOST_CURVE_NUMBERS) or 1
    last = means.groupby("trial")["epoch"].transform("max")
    kept = means[((means["epoch"] - 1) % step == 0) | (means["epoch"] == last)]
    groups = {int(group["trial"].iloc[0]): group for _, group in kept.groupby("trial")}
    return {
        "columns": list(map(curve_facts, metrics)),
        "epochs": {number: [int(e) for e in group["epoch"]] for number, group in groups.items()},
        "values": {
            metric: {n: [plain(v) for v in group[metric]] for n, group in groups.items()}
            for metric in metrics
        },
    }


def _commands(view: StudyView, rows: pd.DataFrame, *, linked: bool) -> dict[str, Any]:
    root = view.tables.root
    numbers = [int(number) for number in rows["trial"]]
    here = {number for number in numbers if linked and (root / str(number)).is_dir()}
    return {
        "rerun": shlex.join(["dropout-study-rerun", str(root)]),
        "directories": {number: f"{number}/" for number in numbers if number in here},
        "overrides": dict(zip(numbers, overrides_of(view, rows), strict=True)),
    }


def overrides_of(view: StudyView, rows: pd.DataFrame) -> Iterator[str]:
    """Yields for each row the words that set its parameters, quoted for a shell."""
    searched = select(view.tables.config, "hydra", "sweeper", "params")
    keys = searched if isinstance(searched, Mapping) else {}
    written = {str(key).lstrip("+"): str(key) for key in keys}
    names = [(name, written.get(name, name)) for name in view.tables.params]
    for row in rows.to_dict("records"):
        given = [(key, row[name]) for name, key in names if plain(row[name]) is not None]
        yield " ".join(shlex.quote(_override(key, value)) for key, value in given)


def _override(key: str, value: Any) -> str:
    if isinstance(value, str) and value[:1] in ("[", "{"):  # a list or mapping, told as text
        return f"{key}={value}"
    whole = not isinstance(value, bool | str) and float(value).is_integer()
    return to_override(key, int(value) if whole else value)
