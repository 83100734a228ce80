"""``confirmation.csv``: the mean of each configuration and the differences between them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

import pandas as pd

from dropout_study.confirmation.plan import Configuration, Plan
from dropout_study.stats import (
    Comparison,
    Estimate,
    holm,
    mean_estimate,
    paired_comparison,
    simultaneous_level,
)
from dropout_study.trial import MERGED, TrialState, metric_bounds

BySeed = Mapping[str, Mapping[int, float]]
"""The metric by configuration and seed, without the runs that diverged or failed."""


def by_seed(runs: Sequence[Mapping[str, Any]], metric: str) -> dict[str, dict[int, float]]:
    """Returns ``metric`` by configuration and seed, for the runs that have it."""
    found: dict[str, dict[int, float]] = {}
    for run in runs:
        value = run.get(metric)
        of_configuration = found.setdefault(str(run["configuration"]), {})
        if value is not None:
            of_configuration[int(run["seed"])] = float(value)
    return found


def summarise(plan: Plan, runs: Sequence[Mapping[str, Any]], metric: str) -> pd.DataFrame:
    """Returns the table, one row per configuration.

    ``mean, sd, low, high`` describe ``metric`` over the ``n`` seeds that have it; ``diverged`` and
    ``failed`` count the other seeds. ``minus_<reference>`` and its interval describe the paired
    differences over the ``_n`` seeds that both have. ``_p`` is the p-value of the sign-flip test.
    ``_p_holm`` is corrected over all ``differences`` of the table, without the null check's, which
    is not a claim. The intervals of the differences are simultaneous: together they have the level
    of one interval.

    Args:
        plan: the plan of the confirmation.
        runs: the records that ``read_runs`` yields.
        metric: the test metric by which the configurations are compared.
    """
    by_name = by_seed(runs, metric)
    diverged = Counter(str(run["configuration"]) for run in runs if is_diverged(run))
    trained_on = next((str(run["trained_on"]) for run in runs if "trained_on" in run), MERGED)
    facts = {"metric": metric, "trained_on": trained_on}
    rows = [_row(c, by_name.get(c.name, {}), diverged[c.name], facts) for c in plan.configurations]
    pairs = {
        (row, reference): pair
        for row, configuration in enumerate(plan.configurations)
        for reference, name in plan.references.items()
        if (pair := _pair(plan, configuration, configuration.baseline or name, by_name)) is not None
    }
    claims = [key for key in pairs if not plan.configurations[key[0]].twin]
    level, bounds = simultaneous_level(len(claims)), metric_bounds(metric)
    compared = {
        key: comparison
        for key, pair in pairs.items()
        if (comparison := paired_comparison(*pair, bounds=bounds, level=level)) is not None
    }
    corrected = dict(zip(claims, holm([compared[key].p for key in claims]), strict=True))
    for reference in plan.references:
        for row, columns in enumerate(rows):
            comparison = compared.get((row, reference))
            p_holm = corrected.get((row, reference), nan)
            columns |= _difference(f"minus_{reference}", comparison, p_holm)
    table = pd.DataFrame(rows).assign(differences=len(claims))
    if any(configuration.baseline for configuration in plan.configurations):
        table["baseline"] = [c.baseline for c in plan.configurations]
    return table


def is_diverged(run: Mapping[str, Any]) -> bool:
    """Returns whether a run ended because its loss was not finite, not with another error."""
    return run["state"] == TrialState.FAIL and bool(run.get("diverged", True))


def _row(
    configuration: Configuration,
    by_seed: Mapping[int, float],
    diverged: int,
    facts: Mapping[str, str],
) -> dict[str, Any]:
    values = [by_seed[seed] for seed in configuration.seeds if seed in by_seed]
    estimate = Estimate(nan, nan, nan, nan, 0)
    if values:
        estimate = mean_estimate(values, bounds=metric_bounds(facts["metric"]))
    return {
        "configuration": configuration.name,
        "description": configuration.description,
        **facts,
        "n": estimate.n,
        "diverged": diverged,
        "failed": len(configuration.seeds) - len(values) - diverged,
        **{name: getattr(estimate, name) for name in ("mean", "sd", "low", "high")},
    }


def _pair(
    plan: Plan, configuration: Configuration, reference: str, by_name: BySeed
) -> tuple[Mapping[int, float], Mapping[int, float]] | None:
    """Returns the metric of both by seed, None if they have no seed in common.

    The null check's n-th seed pairs with its twin's.
    """
    if configuration.name == reference:
        return None
    mine = by_name.get(configuration.name, {})
    if configuration.twin:
        if configuration.twin != reference:
            return None
        seeds = next(c.seeds for c in plan.configurations if c.name == reference)
        places = dict(zip(configuration.seeds, seeds, strict=True))
        mine = {places[seed]: accuracy for seed, accuracy in mine.items()}
    theirs = by_name.get(reference, {})
    return (mine, theirs) if mine.keys() & theirs.keys() else None


def _difference(prefix: str, comparison: Comparison | None, p_holm: float) -> dict[str, Any]:
    difference = comparison.difference if comparison else Estimate(nan, nan, nan, nan, 0)
    return {
        prefix: difference.mean,
        f"{prefix}_n": difference.n,
        f"{prefix}_low": difference.low,
        f"{prefix}_high": difference.high,
        f"{prefix}_p": comparison.p if comparison else nan,
        f"{prefix}_p_holm": p_holm,
    }
