"""Sentences on a confirmation, from ``confirmation.csv``."""

import re
from collections.abc import Callable
from typing import Any

import pandas as pd

from dropout_study.report.against import unlike
from dropout_study.report.amounts import ALONE, TOGETHER, amount, interval, points, verdict
from dropout_study.report.language import language, many, say, speaking
from dropout_study.report.objective import metric_words
from dropout_study.report.view import Arm, StudyView
from dropout_study.stats import Estimate, mean_estimate, sign_flip_p
from dropout_study.trial import MERGED, metric_bounds

BASELINE = "baseline"
"""The reference of a confirmation by parameters: the first of the compared values."""
WORDS = {"book": "the book's rates", "no_dropout": "no dropout"}
"""The other references, for a reader."""


def confirmed_sentences(view: StudyView) -> list[str]:
    """Returns sentences on the confirmation of a study; [] without one."""
    table = view.tables.confirmation
    needed = {"configuration", "n", "mean", "low", "high"}
    if table is None or table.empty or not needed <= set(table.columns):
        return []
    if f"minus_{BASELINE}" in table:
        return [*_arms(table), *_interaction(view, table), *_lost(table)]
    first = table.iloc[0]
    name = _name(first)
    metric = confirmed_metric(table)
    lost = _lost(table)
    if pd.isna(first["mean"]):
        return [say("{name} was trained again, but no run has a result.", name=name), *lost]
    estimate = _row_estimate(first)
    sentence = say(
        "Trained again on {split} with n = {n} fresh seeds, {name}, the best by {objective}, "
        "reaches a {metric} of {value} ({interval}).",
        split=say(trained_on(table)),
        n=estimate.n,
        name=name,
        objective=view.objective.label,
        metric=metric_words(metric),
        value=amount(estimate.mean, metric),
        interval=interval(estimate, say("over the seeds"), metric),
    )
    differences = [
        _against(view, table, first, reference)
        for reference in references(table)
        if not pd.isna(first.get(f"minus_{reference}"))
    ]
    return [sentence, *differences, *_of_references(view, table), *lost]


def references(table: pd.DataFrame) -> list[str]:
    """Returns what the configurations of ``confirmation.csv`` are compared with."""
    return [
        name.removeprefix("minus_").removesuffix("_p_holm")
        for name in table.columns
        if name.startswith("minus_") and name.endswith("_p_holm")
    ]


def reference_words(reference: str) -> str:
    """Returns a reference's name for a reader."""
    return say(WORDS.get(reference, reference.replace("_", " ")))


def described(view: StudyView, text: str) -> str:
    """Returns a description of ``confirmation.csv``, which is English, in the present language."""
    if language() == "en":
        return text
    with speaking("en"):
        label = re.escape(view.objective.label)
    metric = view.objective.label
    parts: dict[str, Callable[[re.Match[str]], str]] = {
        rf"(best|second|third|\d+th) by {label}": lambda found: say(
            "{rank} by {metric}", rank=_rank(found[1]), metric=metric
        ),
        rf"best predicted {label}": lambda _: say("best predicted {metric}", metric=metric),
        r"(\w+) again, other seeds": lambda found: say("{name} again, other seeds", name=found[1]),
        r"trial (\d+) with ": lambda found: say("trial {number} with ", number=found[1]),
        r"the book's rates": lambda _: say("the book's rates"),
        r"no dropout": lambda _: say("no dropout"),
        r" \(its own (.+)\)": lambda found: say(" (its own {settings})", settings=found[1]),
    }
    for pattern, told in parts.items():
        text = re.sub(pattern, told, text)
    return text


def _rank(word: str) -> str:
    number = word.removesuffix("th")
    return say("{number}th", number=number) if number.isdecimal() else say(word)


def interval_kind(table: pd.DataFrame) -> str:
    """Returns whether the intervals of the differences are simultaneous: ``TOGETHER``."""
    return TOGETHER if difference_count(table) > 1 else ALONE


def difference_count(table: pd.DataFrame) -> int:
    """Returns how many differences were tested together; 1 in a file of an earlier version."""
    return int(table.get("differences", pd.Series([1])).max())


def _name(row: "pd.Series[Any]") -> str:
    """Returns the name of a configuration for a reader: "trial 3"."""
    name = str(row["configuration"])
    if name.startswith("trial_"):
        return say("trial {number}", number=name.removeprefix("trial_"))
    return name.replace("_", " ")


def _arm(view: StudyView, row: "pd.Series[Any]") -> Arm | None:
    """Returns the configuration of the study that was trained again, if it is one of its trials."""
    number = str(row["configuration"]).removeprefix("trial_")
    return view.best_among(view.complete[view.complete["trial"].astype(str) == number])


def _reference_arm(view: StudyView, table: pd.DataFrame, reference: str) -> Arm | None:
    """Returns the trial of the study that is a reference of the confirmation, if one is."""
    arm = {"book": view.book, "no_dropout": view.no_dropout}.get(reference)
    there = arm is not None and f"trial_{arm.number}" in set(table["configuration"])
    return arm if there else None


def _against(view: StudyView, table: pd.DataFrame, row: "pd.Series[Any]", reference: str) -> str:
    """Returns a sentence on the difference from a reference, and what else differs from it."""
    one, other = _arm(view, row), _reference_arm(view, table, reference)
    settings = unlike(view, one, other) if one and other else ""
    name = reference_words(reference)
    if settings:
        name = say("{name} (also different: {settings})", name=name, settings=settings)
    return say(
        "Against {name} the difference is {difference}.",
        name=name,
        difference=_difference(table, row, reference),
    )


def _of_references(view: StudyView, table: pd.DataFrame) -> list[str]:
    """Returns the difference of the book's rates from no dropout, if nothing else differs."""
    book, none = (_reference_arm(view, table, name) for name in WORDS)
    if book is not None and none is not None and not view.differing(book, none):
        name = f"trial_{book.number}"
    elif set(WORDS) <= set(table["configuration"]):  # both are the best trial with other rates
        name = "book"
    else:
        return []
    row = table[table["configuration"] == name].iloc[0]
    if row.name == table.index[0] or pd.isna(row.get("minus_no_dropout")):
        return []
    difference = _difference(table, row, "no_dropout")
    return [say("All else equal, the book's rates against no dropout: {it}.", it=difference)]


def _difference(table: pd.DataFrame, row: "pd.Series[Any]", reference: str) -> str:
    metric, count = confirmed_metric(table), difference_count(table)
    minus = f"minus_{reference}"
    p = row[f"{minus}_p_holm"]
    difference = _row_estimate(row, minus)
    told = points(difference, metric, interval_kind(table))
    if difference.n < int(row["n"]):
        told += say(" over the {n} seeds that both have", n=difference.n)
    if metric.endswith("loss"):
        told += say(", lower is better")
    told += say(", Holm-corrected p = {p:.3f}", p=p)
    return told + verdict(p, difference.n, count)


def _arms(table: pd.DataFrame) -> list[str]:
    """Returns sentences on a confirmation by parameters: each baseline, then its other arms."""
    metric = confirmed_metric(table)
    told = [
        say(
            "Trained again on {split} with fresh seeds; the {metric}:",
            split=say(trained_on(table)),
            metric=metric_words(metric),
        )
    ]
    for _, row in table.iterrows():
        name, baseline = str(row["configuration"]), row.get(BASELINE)
        if pd.isna(row["mean"]):
            told.append(say("{name}: no run has a result.", name=name))
        elif name == baseline:
            estimate = _row_estimate(row)
            over = say("over n = {n} seeds", n=estimate.n)
            told.append(
                say(
                    "{name}, a baseline: {value} ({interval}).",
                    name=name,
                    value=amount(estimate.mean, metric),
                    interval=interval(estimate, over, metric),
                )
            )
        elif not pd.isna(row[f"minus_{BASELINE}_p_holm"]):
            difference = _difference(table, row, BASELINE)
            told.append(
                say(
                    "{name} against {baseline}: {difference}.",
                    name=name,
                    baseline=baseline,
                    difference=difference,
                )
            )
    return told


def _interaction(view: StudyView, table: pd.DataFrame) -> list[str]:
    """Returns a sentence on the interaction of two parameters with two values each; else []."""
    runs, metric = view.tables.confirmation_runs, confirmed_metric(table)
    arms = [str(name).split(",") for name in table["configuration"] if "=" in str(name)]
    crossed = [list(dict.fromkeys(values)) for values in zip(*arms, strict=True)]
    if runs is None or metric not in runs or [len(values) for values in crossed] != [2, 2]:
        return []
    seeds = {name: g.set_index("seed")[metric] for name, g in runs.groupby("configuration")}
    try:
        (a, b), (c, d) = ([seeds[f"{x},{y}"] for y in crossed[1]] for x in crossed[0])
    except KeyError:  # one of the four has no run
        return []
    each = ((d - c) - (b - a)).dropna().tolist()
    if not each:
        return []
    low, high = metric_bounds(metric)
    estimate = mean_estimate(each, bounds=(2 * (low - high), 2 * (high - low)))
    return [
        say(
            "Interaction: the effect of {value} is {points} larger with {second} than with {first} "
            "(paired over n = {n} seeds, p = {p:.3f}).",
            value=crossed[1][1],
            points=points(estimate, metric),
            second=crossed[0][1],
            first=crossed[0][0],
            n=len(each),
            p=sign_flip_p(each),
        )
    ]


def _lost(table: pd.DataFrame) -> list[str]:
    """Returns a sentence on the seeds that have no result; [] if there are none."""
    told: list[str] = []
    for _, row in table.iterrows():
        diverged, failed = (int(row.get(name) or 0) for name in ("diverged", "failed"))
        of = int(row["n"]) + diverged + failed
        counts = [say("{n} diverged", n=diverged)] * bool(diverged)
        counts += [say("{n} failed", n=failed)] * bool(failed)
        if counts:
            lost = say(" and ").join(counts)
            one, several = "{name}: {lost} of {count} seed", "{name}: {lost} of {count} seeds"
            told.append(many(of, one, several, name=_name(row), lost=lost))
    if not told:
        return []
    return [
        say(
            "Some runs have no result ({which}). Means are over the other runs, which favours a "
            "configuration that diverges. Differences are over the seeds that both have.",
            which="; ".join(told),
        )
    ]


def trained_on(table: pd.DataFrame) -> str:
    """Returns on which splits the runs of a confirmation were trained, in English words."""
    apart = "trained_on" in table and len(table) and table["trained_on"].iloc[0] != MERGED
    return "the training split" if apart else MERGED


def confirmed_metric(table: pd.DataFrame) -> str:
    """Returns the name of the metric in ``confirmation.csv``."""
    return str(table["metric"].iloc[0]) if "metric" in table and len(table) else "test_accuracy"


def _row_estimate(row: "pd.Series[float]", prefix: str = "") -> Estimate:
    mean, low, high = (
        (prefix, f"{prefix}_low", f"{prefix}_high") if prefix else ("mean", "low", "high")
    )
    n = row["n"] if not prefix else row.get(f"{prefix}_n", row["n"])
    return Estimate(float(row[mean]), float("nan"), float(row[low]), float(row[high]), int(n))
