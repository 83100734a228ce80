"""Prints a confirmation: each configuration, its differences with intervals, and sentences."""

import shlex
from pathlib import Path

import pandas as pd

from dropout_study.report.amounts import TOGETHER
from dropout_study.report.confirmed import WORDS, confirmed_sentences, interval_kind, references
from dropout_study.report.view import StudyView
from dropout_study.results.printed.layout import Column, lines, with_intervals
from dropout_study.results.study import load_study
from dropout_study.stats import FEWEST


def print_confirmation(root: Path, table: pd.DataFrame, report: Path) -> None:
    """Prints the table of a confirmation and what it says.

    Args:
        root: the study's directory.
        table: what ``confirm`` returns.
        report: the page with the tests and figures.
    """
    metric = str(table["metric"].iloc[0])
    trained_on = str(table["trained_on"].iloc[0])
    print(f"\n{metric} after training on {trained_on}; brackets are {_intervals(table)}\n")
    print(*lines(_columns(table)), "", sep="\n")
    print(*confirmed_sentences(StudyView(load_study(root))), sep="\n")
    print(f"Tests and figures: {shlex.quote(str(report))}")


def _intervals(table: pd.DataFrame) -> str:
    """Returns what the intervals are, in words."""
    if table[["low", "high"]].isna().all(axis=None):
        return f"95 % intervals (none with fewer than {FEWEST} seeds)"
    if interval_kind(table) == TOGETHER:
        return f"95 % intervals, those of the {table['differences'].max()} differences simultaneous"
    return "95 % intervals"


def _columns(table: pd.DataFrame) -> list[Column]:
    names = [str(name) for name in table["configuration"]]
    lost = [
        diverged + failed for diverged, failed in zip(table.diverged, table.failed, strict=True)
    ]
    found = [
        Column("configuration", "configuration", names, left=True),
        Column("n", "n", [str(n) for n in table["n"]]),
        Column("mean", "mean", with_intervals(table, "mean", "low", "high"), left=True),
    ]
    for reference in references(table):
        minus = f"minus_{reference}"
        cells = with_intervals(table, minus, f"{minus}_low", f"{minus}_high", sign="+")
        heading = f"minus\n{WORDS.get(reference, reference.replace('_', ' '))}"
        found.append(Column(minus, heading, cells, left=True))
    if any(lost):
        found.append(Column("lost", "without\nresult", [str(count or "") for count in lost]))
    return found
