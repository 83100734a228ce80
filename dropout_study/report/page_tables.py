"""The tables of the page: the best trials, the confirmation, and what all trials share."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from dropout_study.report.amounts import TOGETHER, percent
from dropout_study.report.confirmed import (
    confirmed_metric,
    described,
    difference_count,
    interval_kind,
    reference_words,
    references,
    trained_on,
)
from dropout_study.report.language import NO_BREAK, say
from dropout_study.report.objective import is_share, metric_words
from dropout_study.report.view import SEED, StudyView, is_number, short, tell
from dropout_study.results.printed.show import best_first
from dropout_study.stats import FEWEST

TOP = 10
ACCURACIES = ("val_accuracy", "test_accuracy", "train_accuracy")
NULL_CHECK = "null_check"


@dataclass(frozen=True)
class Grid:
    """A table: its heads, its rows of cells, and the places of the columns with texts."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: frozenset[int] = field(default_factory=frozenset)


def top_table(view: StudyView, top: int = TOP) -> Grid:
    """Returns the ``top`` best complete trials by the objective.

    Columns that are the same in all trials are left out: ``constants`` names them.
    """
    rows = best_first(view.complete, minimize=view.objective.minimize).head(top)
    metrics = [name for name in ACCURACIES if rows[name].notna().any()]
    value = [] if view.objective.name == "val_accuracy" else ["value"]
    others = [name for name in ("epochs_run", "seconds", "seed") if view.varies(name)]
    columns = ["trial", *value, *metrics, *view.params, *others]
    return Grid(
        heads=[view.objective.label_of(name) for name in columns],
        rows=[[_cell(name, row[name]) for name in columns] for _, row in rows.iterrows()],
        left=frozenset(i for i, name in enumerate(columns) if not is_number(view.trials[name])),
    )


def constants(view: StudyView) -> str:
    """Returns the settings that are the same in all trials: "model = mlp, seed = 0"; "" if none."""
    names = [name for name in view.tables.params if name != SEED and not view.varies(name)]
    columns = [*names, "seed", *(["epochs_run"] if "trainer.epochs" not in names else [])]
    first = {name: view.trials[name].replace("", None).dropna() for name in columns}
    told = [
        f"{say(short(name).replace('_', ' '))}{NO_BREAK}={NO_BREAK}{tell(cells.iloc[0])}"
        for name, cells in first.items()
        if len(cells) and not view.varies(name)
    ]
    if view.tables.replicates is not None and len(view.seeds) > 1:
        seeds = ", ".join(map(str, sorted(view.seeds)))
        told.append(say("seeds {seeds} in each trial", seeds=seeds))
    return ", ".join(told)


def confirmation_table(view: StudyView) -> Grid | None:
    """Returns the table of ``confirmation.csv``, or None if there is no such table."""
    frame = _confirmation(view)
    if frame is None:
        return None
    metric = confirmed_metric(frame)
    minus = [f"minus_{reference}" for reference in references(frame)]
    columns = {"configuration": say("configuration"), "description": say("what it is")}
    columns |= {"n": say("seeds")} if frame["n"].nunique() > 1 else {}
    columns |= {name: say(name) for name in ("diverged", "failed") if frame.get(name, _NO).any()}
    columns |= {
        "mean": say("mean {metric}", metric=metric_words(metric)),
        "sd": say("standard deviation"),
    }
    names = [name for name in columns if name in frame]
    given = "low" in frame and frame["low"].notna().any()
    difference = "{name}, difference in points" if is_share(metric) else "{name}, difference"
    return Grid(
        heads=[
            *(columns[name] for name in names),
            *([say("95 % interval")] if given else []),
            *(say(difference, name=reference_words(name)) for name in references(frame)),
        ],
        rows=[
            [
                *(_confirmed_cell(view, n, row[n], metric) for n in names),
                *([_bounds(row, "low", "high", metric)] if given else []),
                *(_difference(row, name, metric) for name in minus),
            ]
            for _, row in frame.iterrows()
        ],
        left=frozenset({0, 1}),
    )


_NO = pd.Series(dtype=bool)


def _confirmation(view: StudyView) -> pd.DataFrame | None:
    """Returns ``confirmation.csv``, or None if it is not there or lacks what a table needs."""
    frame = view.tables.confirmation
    needed = {"configuration", "description", "n", "mean"}
    return frame if frame is not None and needed <= set(frame.columns) else None


def confirmation_notes(view: StudyView) -> list[str]:
    """Returns sentences on how the numbers of the confirmation were made."""
    frame = _confirmation(view)
    if frame is None:
        return []
    lost = any(frame.get(name, _NO).any() for name in ("diverged", "failed"))
    split = say("Measured on the test set after training on {split}.", split=say(trained_on(frame)))
    notes = [split]
    if frame["n"].nunique() == 1:
        notes.append(say("Every configuration has n = {n} fresh seeds.", n=int(frame["n"].iloc[0])))
    if lost:
        notes.append(
            say(
                "A run that diverged or failed has no result: means are over the other runs, and "
                "differences are over the seeds that both configurations have."
            )
        )
    notes.append(
        say(
            "A difference is the mean of the paired differences over seeds, with its interval and "
            "the p-value of a sign-flip permutation test, corrected by Holm's method over all "
            "differences."
        )
    )
    if interval_kind(frame) == TOGETHER:
        notes.append(
            say(
                "The intervals of the {count} differences are simultaneous (Bonferroni): all of "
                "them together contain the true differences in at least 95 % of studies.",
                count=difference_count(frame),
            )
        )
    elif "differences" not in frame:  # an earlier version's
        notes.append(
            say(
                "Each interval is of one difference alone and not corrected, so it may exclude 0 "
                "although the corrected p-value is not small."
            )
        )
    if (frame["n"] < FEWEST).any():
        notes.append(say("With fewer than {fewest} seeds there is no interval.", fewest=FEWEST))
    if (frame["configuration"] == NULL_CHECK).any():
        notes.append(
            say(
                "The null check compares one configuration with itself, trained with other seeds. "
                "Its true difference is 0, so its interval shows which differences this procedure "
                "cannot detect."
            )
        )
    return notes


def _confirmed_cell(view: StudyView, name: str, value: Any, metric: str) -> str:
    if name == "description" and not pd.isna(value):
        return described(view, str(value))
    if name not in ("mean", "sd") or pd.isna(value):
        return _cell(name, value)
    return percent(value, 2) if is_share(metric) else f"{value:.4g}"


def _difference(row: "pd.Series[Any]", name: str, metric: str) -> str:
    """Returns a paired difference with its interval and p-value, which is Holm-corrected.

    The p-value of the null check is not corrected. If seeds have no result, the number of pairs is
    added.
    """
    if pd.isna(row[name]):
        return ""
    corrected = not pd.isna(row[f"{name}_p_holm"])
    p = row[f"{name}_p_holm"] if corrected else row[f"{name}_p"]
    bounds = _bounds(row, f"{name}_low", f"{name}_high", metric, sign="+", unit="")
    value = f"{100 * row[name]:+.2f}" if is_share(metric) else f"{row[name]:+.3g}"
    told = [f"{value} ({bounds})," if bounds else f"{value},", f"p = {p:.3f}"]
    lost = any(row.get(each) for each in ("diverged", "failed")) or row[f"{name}_n"] != row["n"]
    if lost:
        told.append(say("({n} pairs)", n=int(row[f"{name}_n"])))
    return " ".join(part.replace(" ", NO_BREAK) for part in told)


def _bounds(
    row: "pd.Series[Any]", low: str, high: str, metric: str, sign: str = "", unit: str = "%"
) -> str:
    if pd.isna(row.get(low)) or pd.isna(row.get(high)):
        return ""
    scale, digits = (100, ".2f") if is_share(metric) else (1, ".3g")
    ends = (f"{scale * row[end]:{sign}{digits}}" for end in (low, high))
    told = say("{low} to {high}", **dict(zip(("low", "high"), ends, strict=True)))
    told = told.replace(" ", NO_BREAK)
    return f"{told}{NO_BREAK}{unit}" if unit and is_share(metric) else told


def _cell(name: str, value: Any) -> str:
    if pd.isna(value):
        return ""
    if name in ACCURACIES:
        return percent(value, 2)
    if name == "value":
        return f"{value:.4g}"
    if name == "seconds":
        return f"{value:.1f}"
    return tell(value)
