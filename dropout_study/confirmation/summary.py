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
)
from dropout_study.trial import MERGED, TrialState

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
    ``_p_holm`` is corrected over all differences of the table, without the null check's, which is
    not a claim.

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
    compared = {
        (row, reference): comparison
        for row, configuration in enumerate(plan.configurations)
        for reference, name in plan.references.items()
        if (comparison := _compare(plan, configuration, configuration.baseline or name, by_name))
        is not None
    }
    claims = [key for key in compared if not plan.configurations[key[0]].twin]
    corrected = dict(zip(claims, holm([compared[key].p for key in claims]), strict=True))
    for reference in plan.references:
        for row, columns in enumerate(rows):
            comparison = compared.get((row, reference))
            p_holm = corrected.get((row, reference), nan)
            columns |= _difference(f"minus_{reference}", comparison, p_holm)
    table = pd.DataFrame(rows)
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
    estimate = mean_estimate(values) if values else Estimate(nan, nan, nan, nan, 0)
    return {
        "configuration": configuration.name,
        "description": configuration.description,
        **facts,
        "n": estimate.n,
        "diverged": diverged,
        "failed": len(configuration.seeds) - len(values) - diverged,
        **{name: getattr(estimate, name) for name in ("mean", "sd", "low", "high")},
    }


def _compare(
    plan: Plan, configuration: Configuration, reference: str, by_name: BySeed
) -> Comparison | None:
    """Returns the comparison seed by seed; the null check's n-th seed pairs with its twin's."""
    if configuration.name == reference:
        return None
    mine = by_name.get(configuration.name, {})
    if configuration.twin:
        if configuration.twin != reference:
            return None
        seeds = next(c.seeds for c in plan.configurations if c.name == reference)
        places = dict(zip(configuration.seeds, seeds, strict=True))
        mine = {places[seed]: accuracy for seed, accuracy in mine.items()}
    return paired_comparison(mine, by_name.get(reference, {}))


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
