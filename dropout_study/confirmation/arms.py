"""Plans of a confirmation that compares the values of parameters, or two studies.

An arm is a value of a parameter, as in ``noise=gaussian``, or of several parameters. The study has
tried it with several learning rates, say; the arm is then represented by its best trial.
"""

import re
from collections.abc import Sequence

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
from dropout_study.report.rates import is_without_dropout
from dropout_study.report.view import Arm, StudyView, short, tell


def plan_arms(view: StudyView, by: Sequence[str], seeds: int) -> Plan:
    """Returns the best trial of each arm, with the same fresh seeds, and the null check.

    Args:
        view: the study.
        by: searched parameters; each combination of their values is an arm.
        seeds: number of fresh seeds.

    Returns:
        The arms in the order in which the study began them. The first is the baseline, with which
        the others are compared.

    Raises:
        UserError: a parameter was not searched, or there is only one arm.
    """
    best_of(view)
    for name in by:
        if name not in view.params:
            raise UserError(
                f"`by={name}`: the study has not searched it{did_you_mean(name, view.params)}; "
                f"it has searched {', '.join(view.params) or 'nothing'}"
            )
    arms = _arms(view, by)
    if len(arms) < 2:
        raise UserError(
            f"`by={','.join(by)}`: all complete trials have the same value, so there is nothing "
            "to compare"
        )
    fresh, other = fresh_seeds([view], seeds)
    configurations = [
        Configuration(
            _name(arm, by), _description(view, arm, by), trial_config(view, arm.number), fresh
        )
        for arm in arms
    ]
    return with_null_check(configurations, {BASELINE: configurations[0].name}, other)


def plan_against(view: StudyView, other: StudyView, seeds: int) -> Plan:
    """Returns the best trial of two studies, with the same fresh seeds, and the null check.

    The second study is the reference. Its reference is called ``no_dropout`` if its best trial is
    known to be without dropout.

    Raises:
        UserError: a study has no best trial, or the two have different objectives.
    """
    mine, theirs = best_of(view), best_of(other)
    one, two = view.objective, other.objective
    if (one.name, one.minimize) != (two.name, two.minimize):
        raise UserError(
            f"the studies have different objectives ({one.name} and {two.name}), so their best "
            "trials cannot be compared"
        )
    rates = other.rates.by_trial.get(theirs.number)
    without = bool(rates) and is_without_dropout(rates or {}) is True
    reference = "no_dropout" if without else "the_other_study"
    fresh, more = fresh_seeds([view, other], seeds)
    configurations = [
        Configuration(name, _of_study(each, arm), trial_config(each, arm.number), fresh)
        for name, each, arm in ((f"trial_{mine.number}", view, mine), (reference, other, theirs))
    ]
    return with_null_check(configurations, {reference: reference}, more)


def _arms(view: StudyView, by: Sequence[str]) -> list[Arm]:
    """Returns the best configuration of each combination of values, in the order of the trials."""
    rows = view.complete.sort_values("trial")
    keys = rows[list(by)].astype(str).agg(" ".join, axis=1)
    groups = [group for _, group in rows.groupby(keys, sort=False)]
    return [arm for group in groups if (arm := view.best_among(group)) is not None]


def _configuration(
    view: StudyView, arm: Arm, by: Sequence[str], seeds: tuple[int, ...]
) -> Configuration:
    config = trial_config(view, arm.number)
    return Configuration(_name(arm, by), _description(view, arm, by), config, seeds)


def _name(arm: Arm, by: Sequence[str]) -> str:
    """Returns a name that can be a directory's: "dropout1=0.2,dropout2=0.5"."""
    first = arm.trials.iloc[0]
    return ",".join(f"{short(name)}={_value(first[name])}" for name in by)


def _value(value: object) -> str:
    text = "none" if pd.isna(value) else tell(value)  # type: ignore[call-overload]
    return re.sub(r"[^A-Za-z0-9.+-]+", "_", text).strip("_")


def _description(view: StudyView, arm: Arm, by: Sequence[str]) -> str:
    others = [name for name in view.params if name not in by]
    where = view.describe(arm.number, others)
    return f"trial {arm.number}{f' ({where})' if where else ''}"


def _of_study(view: StudyView, arm: Arm) -> str:
    return f"best of {view.tables.root.resolve().name}: trial {arm.number}"
