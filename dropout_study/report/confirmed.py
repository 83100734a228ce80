"""Sentences on a confirmation, from ``confirmation.csv``."""

from typing import Any

import pandas as pd

from dropout_study.report.amounts import amount, count_of, interval, points
from dropout_study.report.objective import metric_words
from dropout_study.report.view import StudyView
from dropout_study.stats import Estimate, mean_estimate, sign_flip_p
from dropout_study.trial import MERGED

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
    name = str(first["configuration"]).replace("_", " ")
    metric = confirmed_metric(table)
    lost = _lost(table)
    if pd.isna(first["mean"]):
        return [f"{name} was trained again, but no run has a result.", *lost]
    estimate = _row_estimate(first)
    sentence = (
        f"Trained again on {trained_on(table)} with n = {estimate.n} fresh seeds, "
        f"{name}, the best by {view.objective.label}, reaches a {metric_words(metric)} of "
        f"{amount(estimate.mean, metric)} ({interval(estimate, 'over the seeds', metric)})"
    )
    for reference in references(table):
        if not pd.isna(first.get(f"minus_{reference}")):
            other = WORDS.get(reference, reference.replace("_", " "))
            sentence += f"; against {other} {_difference(first, reference, metric)}"
    return [f"{sentence}.", *lost]


def references(table: pd.DataFrame) -> list[str]:
    """Returns what the configurations of ``confirmation.csv`` are compared with."""
    return [
        name.removeprefix("minus_").removesuffix("_p_holm")
        for name in table.columns
        if name.startswith("minus_") and name.endswith("_p_holm")
    ]


def _difference(row: "pd.Series[Any]", reference: str, metric: str) -> str:
    minus = f"minus_{reference}"
    p = row[f"{minus}_p_holm"]
    verdict = "beyond" if p < 0.05 else "within"
    difference = _row_estimate(row, minus)
    better = ", lower is better" * metric.endswith("loss")
    pairs = f" over the {difference.n} seeds that both have" * (difference.n < int(row["n"]))
    return (
        f"{points(difference, metric)}{pairs}{better}, "
        f"Holm-corrected p = {p:.3f}: {verdict} the noise"
    )


def _arms(table: pd.DataFrame) -> list[str]:
    """Returns sentences on a confirmation by parameters: each baseline, then its other arms."""
    metric = confirmed_metric(table)
    told = [f"Trained again on {trained_on(table)} with fresh seeds; the {metric_words(metric)}:"]
    for _, row in table.iterrows():
        name, baseline = str(row["configuration"]), row.get(BASELINE)
        if pd.isna(row["mean"]):
            told.append(f"{name}: no run has a result.")
        elif name == baseline:
            estimate = _row_estimate(row)
            where = interval(estimate, f"over n = {estimate.n} seeds", metric)
            told.append(f"{name}, a baseline: {amount(estimate.mean, metric)} ({where}).")
        elif not pd.isna(row[f"minus_{BASELINE}_p_holm"]):
            told.append(f"{name} against {baseline}: {_difference(row, BASELINE, metric)}.")
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
    told = points(mean_estimate(each), metric)
    return [
        f"Interaction: the effect of {crossed[1][1]} is {told} larger with {crossed[0][1]} than "
        f"with {crossed[0][0]} (paired over n = {len(each)} seeds, p = {sign_flip_p(each):.3f})."
    ]


def _lost(table: pd.DataFrame) -> list[str]:
    """Returns a sentence on the seeds that have no result; [] if there are none."""
    told: list[str] = []
    for _, row in table.iterrows():
        diverged, failed = (int(row.get(name) or 0) for name in ("diverged", "failed"))
        of = int(row["n"]) + diverged + failed
        counts = [f"{n} {word}" for n, word in ((diverged, "diverged"), (failed, "failed")) if n]
        if counts:
            name = str(row["configuration"]).replace("_", " ")
            told.append(f"{name}: {' and '.join(counts)} of {count_of(of, 'seed')}")
    if not told:
        return []
    return [
        f"Some runs have no result ({'; '.join(told)}). Means are over the other runs, which "
        "favours a configuration that diverges. Differences are over the seeds that both have."
    ]


def trained_on(table: pd.DataFrame) -> str:
    """Returns on which splits the runs of a confirmation were trained, in words."""
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
