"""Differences between two configurations that were trained with the same seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dropout_study.stats.intervals import (
    LEVEL,
    UNBOUNDED,
    Bounds,
    Estimate,
    mean_estimate,
)

SIGN_CHANGES = 9_999
"""Number of sign changes: all 2^n for up to n = 13 differences, a random sample for more."""


@dataclass(frozen=True)
class Comparison:
    """The mean of a - b over common seeds, and the p-value of "there is no difference"."""

    difference: Estimate
    p: float


def paired_comparison(
    a: Mapping[int, float],
    b: Mapping[int, float],
    *,
    bounds: Bounds = UNBOUNDED,
    level: float = LEVEL,
) -> Comparison | None:
    """Compares two configurations seed by seed.

    Args:
        a: seed -> metric of the first configuration.
        b: seed -> metric of the second configuration.
        bounds: of what the metric can be; a difference is at most as large as their distance.
        level: the confidence level of the difference's interval.

    Returns:
        The comparison over the common seeds, or None if there are none.
    """
    common = sorted(a.keys() & b.keys())
    if not common:
        return None
    differences = [a[seed] - b[seed] for seed in common]
    low, high = bounds
    estimate = mean_estimate(differences, bounds=(low - high, high - low), level=level)
    return Comparison(estimate, sign_flip_p(differences))


def sign_flip_p(differences: Sequence[float]) -> float:
    """Returns the two-sided p-value of Fisher's (1935) sign-flip permutation test of the mean.

    If two configurations do not differ, each paired difference is as likely as its negative. So
    the test is exact for any distribution. The smallest p of n differences is 2^(1-n).
    """
    x = np.asarray(differences, dtype=float)
    if x.size < 2 or not x.any():
        return 1.0
    from scipy import stats  # slow to import

    result = stats.permutation_test(
        (x,),
        np.mean,
        permutation_type="samples",
        n_resamples=SIGN_CHANGES,
        random_state=np.random.default_rng(0),  # `rng` is new in scipy 1.15
    )
    return float(result.pvalue)


def smallest_p(n: int) -> float:
    """Returns the smallest p-value that the sign-flip test of ``n`` differences can give."""
    return float(2.0 ** (1 - n))


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns Holm's (1979) adjusted p-values, in the given order.

    If only differences with an adjusted p below alpha are called real, then the probability of one
    or more false claims is below alpha.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
