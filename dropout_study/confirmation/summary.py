"""``confirmation.csv``: what the runs tell of each configuration and of their differences."""

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

Accuracies = Mapping[str, Mapping[int, float]]
"""Test accuracy by configuration and seed; a run that diverged is not in it."""


def accuracies(runs: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, float]]:
    """Returns the test accuracies of the runs that have one."""
    found: dict[str, dict[int, float]] = {}
    for run in runs:
        accuracy = run.get("test_accuracy")
        by_seed = found.setdefault(str(run["configuration"]), {})
        if accuracy is not None:
            by_seed[int(run["seed"])] = float(accuracy)
    return found


def summarise(plan: Plan, by_name: Accuracies) -> pd.DataFrame:
    """Returns a row a configuration.

    ``mean, sd, low, high`` are of its test accuracy over ``n`` seeds; ``minus_<reference>`` and its
    interval are of the paired differences, ``_p`` is the sign-flip test's and ``_p_holm`` is
    corrected over all differences of the table but the null check's, which claims nothing.
    """
    rows = [_row(c, by_name.get(c.name, {})) for c in plan.configurations]
    compared = {
        (row, reference): comparison
        for row, configuration in enumerate(plan.configurations)
        for reference, name in plan.references.items()
        if (comparison := _compare(plan, configuration, name, by_name)) is not None
    }
    claims = [key for key in compared if not plan.configurations[key[0]].twin]
    corrected = dict(zip(claims, holm([compared[key].p for key in claims]), strict=True))
    for reference in plan.references:
        for row, columns in enumerate(rows):
            comparison = compared.get((row, reference))
            p_holm = corrected.get((row, reference), nan)
            columns |= _difference(f"minus_{reference}", comparison, p_holm)
    return pd.DataFrame(rows)


def _row(configuration: Configuration, by_seed: Mapping[int, float]) -> dict[str, Any]:
    values = [by_seed[seed] for seed in configuration.seeds if seed in by_seed]
    estimate = mean_estimate(values) if values else Estimate(nan, nan, nan, nan, 0)
    return {
        "configuration": configuration.name,
        "description": configuration.description,
        "n": estimate.n,
        "failed": len(configuration.seeds) - len(values),
        **{name: getattr(estimate, name) for name in ("mean", "sd", "low", "high")},
    }


def _compare(
    plan: Plan, configuration: Configuration, reference: str, by_name: Accuracies
) -> Comparison | None:
    """Returns the comparison, seed by seed; the null check's with its twin, place by place."""
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
