"""Differences of two configurations that were trained with the same seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from dropout_study.stats.intervals import Estimate, mean_estimate

SIGN_CHANGES = 9_999
"""Sign changes that are looked at: all 2^n up to n = 13 differences, random ones of more."""


@dataclass(frozen=True)
class Comparison:
    """The mean of a - b over common seeds, and the p-value of "there is no difference"."""

    difference: Estimate
    p: float


def paired_comparison(a: Mapping[int, float], b: Mapping[int, float]) -> Comparison | None:
    """Compares two configurations seed by seed.

    Args:
        a: seed -> accuracy of one configuration.
        b: the same of the other.

    Returns:
        The comparison over the seeds that both have, or None if they have none in common.
    """
    common = sorted(a.keys() & b.keys())
    if not common:
        return None
    differences = [a[seed] - b[seed] for seed in common]
    return Comparison(mean_estimate(differences), sign_flip_p(differences))


def sign_flip_p(differences: Sequence[float]) -> float:
    """Returns the two-sided p-value of Fisher's (1935) sign-flip permutation test of the mean.

    If two configurations do not differ, each paired difference is as likely as its negative, so
    the test is exact whatever the distribution. The smallest p of n differences is 2^(1-n).
    """
    x = np.asarray(differences, dtype=float)
    if x.size < 2 or not x.any():
        return 1.0
    result = stats.permutation_test(
        (x,),
        np.mean,
        permutation_type="samples",
        n_resamples=SIGN_CHANGES,
        random_state=np.random.default_rng(0),  # `rng` is new in scipy 1.15
    )
    return float(result.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns Holm's (1979) adjusted p-values, in the order given.

    Calling a difference real where its adjusted p is below alpha keeps the probability of one or
    more false claims among all of them below alpha.
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted
