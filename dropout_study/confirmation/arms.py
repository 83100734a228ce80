"""Plans of a confirmation that compares the values of parameters, or two studies.

An arm is a value of a parameter, as in ``noise=gaussian``, or of several parameters. The study has
tried it with several learning rates, say; the arm is then represented by its best trial.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dropout_study.confirmation.plan import (
    Configuration,
    Plan,
    best_of,
    fresh_seeds,
    trial_config,
    with_null_check,
)
from dropout_study.errors import UserError, did_you_mean
from dropout_study.report.confirmed import BASELINE
from dropout_study.report.view import Arm, StudyView, is_number, short
from dropout_study.results.reference_rates import is_without_dropout


def plan_arms(
    view: StudyView,
    by: Sequence[str],
    seeds: int,
    *,
    within: Sequence[str] = (),
    baseline: str = "",
) -> Plan:
    """Returns the best trial of each arm, with the same fresh seeds, and the null check.

    Args:
        view: the study.
        by: searched parameters; each combination of their values is an arm.
        seeds: number of fresh seeds.
        within: searched parameters at whose values the comparison is repeated, as the size of the
            training split: each combination of their values has a baseline of its own.
        baseline: the values of ``by`` with which the others are compared, as in
            "dropout1=0,dropout2=0". By default the first without dropout, or else the first.

    Returns:
        The arms in the order of their values, each baseline before the arms compared with it.

    Raises:
        UserError: a parameter was not searched, there is nothing to compare, or an arm that the
            baseline names is missing.
    """
    best_of(view)
    for name in (*by, *within):
        if name not in view.settings:  # with one value and null, it is not among the params
            raise UserError(
                f"`{name}` was not searched in this study{did_you_mean(name, view.settings)}"
            )
    fresh, other = fresh_seeds([view], seeds)
    configurations: list[Configuration] = []
    for rows in _groups(view.complete, within):
        arms = {_name(arm, by): arm for arm in _arms(view, rows, by)}
        if len(arms) < 2:
            raise UserError(
                f"`by={','.join(by)}`: all complete trials{_where(rows, within)} have the same "
                "value, so there is nothing to compare"
            )
        first = _baseline(view, arms, baseline)
        for name in (first, *(name for name in arms if name != first)):
            arm = arms[name]
            configurations.append(
                Configuration(
                    name=_name(arm, [*within, *by]),
                    description=_description(view, arm, [*within, *by]),
                    config=trial_config(view, arm.number),
                    seeds=fresh,
                    baseline=_name(arms[first], [*within, *by]),
                )
            )
    return with_null_check(configurations, {BASELINE: configurations[0].name}, other)


def _baseline(view: StudyView, arms: Mapping[str, Arm], given: str) -> str:
    if not given:
        return _default_baseline(view, arms)
    if given not in arms:
        raise UserError(
            f"`baseline={given}` is none of the compared values{did_you_mean(given, arms)}; "
            f"they are {' '.join(arms)}"
        )
    return given


def _where(rows: pd.DataFrame, within: Sequence[str]) -> str:
    return "".join(f" with {short(name)}={_value(rows[name].iloc[0])}" for name in within)


def _default_baseline(view: StudyView, arms: Mapping[str, Arm]) -> str:
    without = _without_dropout(view)
    return next((name for name, arm in arms.items() if arm.number in without), next(iter(arms)))


def plan_against(view: StudyView, other: StudyView, seeds: int) -> Plan:
    """Returns the best trial of two studies, with the same fresh seeds, and the null check.

    The second study is the reference. If its best trial is known to be without dropout, the
    reference is called ``no_dropout``, and the first study's best trial with dropout is taken.

    Raises:
        UserError: a study has no best trial, or the two have different objectives.
    """
    best_of(view)
    theirs = best_of(other)
    one, two = view.objective, other.objective
    if (one.name, one.minimize) != (two.name, two.minimize):
        raise UserError(
            f"the studies have different objectives ({one.name} and {two.name}), so their best "
            "trials cannot be compared"
        )
    without = theirs.number in _without_dropout(other)
    reference = "no_dropout" if without else "the_other_study"
    left_out = _without_dropout(view) if without else []
    mine = view.best_among(view.complete[~view.complete["trial"].isin(left_out)])
    if mine is None:
        raise UserError(f"no complete trial of {view.tables.root} has dropout")
    fresh, more = fresh_seeds([view, other], seeds)
    configurations = [
        Configuration(name, _of_study(each, arm), trial_config(each, arm.number), fresh)
        for name, each, arm in ((f"trial_{mine.number}", view, mine), (reference, other, theirs))
    ]
    return with_null_check(configurations, {reference: reference}, more)


def _without_dropout(view: StudyView) -> list[int]:
    """Returns the trials that are known to be without dropout, although the network has layers."""
    rates = view.rates.by_trial
    return [number for number, known in rates.items() if known and is_without_dropout(known)]


def _arms(view: StudyView, rows: pd.DataFrame, by: Sequence[str]) -> list[Arm]:
    """Returns the best configuration of each combination of values."""
    found = (view.best_among(group) for group in _groups(rows, by))
    return [arm for arm in found if arm is not None]


def _groups(rows: pd.DataFrame, by: Sequence[str]) -> list[pd.DataFrame]:
    """Returns the rows of each combination of values, in the order of the values."""
    if not by:
        return [rows]
    rows = rows.sort_values(list(by), key=_order)
    keys = rows[list(by)].astype(str).fillna("").agg(" ".join, axis=1)
    return [group for _, group in rows.groupby(keys, sort=False)]


def _order(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Returns what a column is sorted by: its numbers, or its values as text."""
    return column if is_number(column) else column.astype(str)


def _name(arm: Arm, by: Sequence[str]) -> str:
    """Returns a name that can be a directory's: "dropout1=0.2,dropout2=0.5"."""
    first = arm.trials.iloc[0]
    return ",".join(f"{short(name)}={_value(first[name])}" for name in by)


def _value(value: object) -> str:
    """Returns a value as a part of a name; different numbers have different names."""
    if pd.isna(value):  # type: ignore[call-overload]
        return "none"
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    return re.sub(r"[^A-Za-z0-9.+-]+", "_", text).strip("_")


def _description(view: StudyView, arm: Arm, by: Sequence[str]) -> str:
    others = [name for name in view.params if name not in by]
    where = view.describe(arm.number, others)
    return f"trial {arm.number}{f' ({where})' if where else ''}"


def _of_study(view: StudyView, arm: Arm) -> str:
    return f"best of {view.tables.root.resolve().name}: trial {arm.number}"
