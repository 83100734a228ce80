"""Confidence intervals: of a mean over seeds, and of an accuracy over images."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, nan, sqrt

import numpy as np
from scipy import special

LEVEL = 0.95
"""The confidence level of every interval, and of several simultaneous ones together."""
FEWEST = 3
"""Fewer values give no interval of their mean. Of normal values, the 95 % interval of two is on
average 14 standard deviations wide, that of three 4.4: two can give no useful bounds.
"""
Bounds = tuple[float, float]
"""The smallest and the largest value that there can be, as (0, 1) for a share."""
UNBOUNDED: Bounds = (-inf, inf)
RESAMPLES = 9_999
"""Bootstrap resamples: the bounds vary by about 1 % of the interval's width between seeds."""
BOOTSTRAP_MARGIN = 6
"""The full range of n bootstrap means misses the mean with a probability of at least 2^(1-n), which
has to be this much smaller than that of the interval: from 8 values on at the level 0.95.
"""


@dataclass(frozen=True)
class Estimate:
    """A mean with its standard deviation and 95 % interval. What cannot be estimated is nan.

    Attributes:
        mean: mean of the ``n`` values.
        sd: standard deviation of the values (n - 1 in the denominator), not of their mean.
        low: lower bound of the mean's interval.
        high: upper bound of the mean's interval.
        n: number of values: seeds for a mean, images for a share.
    """

    mean: float
    sd: float
    low: float
    high: float
    n: int

    def excludes(self, value: float) -> bool:
        """Returns whether the interval is known and does not contain ``value``."""
        return value < self.low or value > self.high


def mean_estimate(
    values: Sequence[float],
    *,
    bounds: Bounds = UNBOUNDED,
    level: float = LEVEL,
    seed: int = 0,
) -> Estimate:
    """Returns the mean of independent values and its interval.

    With 8 or more values (more for a higher level): the BCa bootstrap (Efron 1987). Its level is
    raised so that the interval of normal data is as wide as Student's (Hesterberg 2015, "expanded"
    intervals). Without that, the interval of 10 normal values contains the true mean in about 90 %
    of samples (see ``benchmarks/coverage.py``). With fewer values: Student's t.
    The interval is nan for fewer than ``FEWEST`` values and for equal values, because their spread
    is not known.

    Args:
        values: finite numbers, at least one.
        bounds: of what a mean can be; the interval ends there.
        level: the confidence level of the interval.
        seed: seed of the bootstrap; the same values and seed give the same interval.

    Raises:
        ValueError: there are no values or one is not finite.
    """
    x = np.asarray(values, dtype=float)
    if x.size == 0 or not np.isfinite(x).all():
        raise ValueError(f"values must be finite numbers, at least one, got {list(values)}")
    n, mean = x.size, float(x.mean())
    sd = float(x.std(ddof=1)) if n > 1 else nan
    if n < FEWEST or np.ptp(x) == 0:
        return Estimate(mean, sd, nan, nan, n)
    bootstrap = BOOTSTRAP_MARGIN * 2.0 ** (1 - n) <= 1 - level
    low, high = _bca(x, level, seed) if bootstrap else _student(x, level)
    return Estimate(mean, sd, max(low, bounds[0]), min(high, bounds[1]), n)


def simultaneous_level(count: int) -> float:
    """Returns the level of each of ``count`` intervals that together have the level ``LEVEL``.

    By Bonferroni's inequality all of them contain their true values with at least this
    probability.
    """
    return 1 - (1 - LEVEL) / max(count, 1)


def _student(x: np.ndarray, level: float) -> tuple[float, float]:
    half = special.stdtrit(x.size - 1, (1 + level) / 2) * x.std(ddof=1) / sqrt(x.size)
    return float(x.mean() - half), float(x.mean() + half)


def _bca(x: np.ndarray, level: float, seed: int) -> tuple[float, float]:
    from scipy import stats  # slow to import

    result = stats.bootstrap(
        (x,),
        np.mean,
        confidence_level=expanded_level(x.size, level),
        n_resamples=RESAMPLES,
        method="BCa",
        random_state=np.random.default_rng(seed),  # `rng` is new in scipy 1.15
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def expanded_level(n: int, level: float = LEVEL) -> float:
    """Returns the nominal level at which a bootstrap of ``n`` normal values covers ``level``.

    The bootstrap's standard error of a mean is too small by the factor sqrt((n-1)/n), and its
    quantiles are those of the normal distribution instead of Student's t (Hesterberg 2015, "What
    Teachers Should Know About the Bootstrap").
    """
    quantile = special.stdtrit(n - 1, (1 + level) / 2) * sqrt(n / (n - 1))
    return float(1 - 2 * special.ndtr(-quantile))


def share_estimate(share: float, n: int) -> Estimate:
    """Returns an accuracy on ``n`` images with Wilson's (1927) score interval.

    The interval is about the images: the same network on other test images of the same kind.
    """
    z = float(special.ndtri((1 + LEVEL) / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    low, high = max(centre - half, 0.0), min(centre + half, 1.0)  # else rounding leaves [0, 1]
    return Estimate(share, sqrt(share * (1 - share)), low, high, n)


def difference_of_shares(a: Estimate, b: Estimate) -> Estimate:
    """Returns a - b for two accuracies, with Newcombe's (1998) interval, his method 10.

    The method assumes that the two are independent. Accuracies on the same images are positively
    correlated, so the interval is too wide rather than too narrow.

    Args:
        a: the first accuracy, from ``share_estimate``.
        b: the second accuracy, from ``share_estimate``.
    """
    low = a.mean - b.mean - hypot(a.mean - a.low, b.high - b.mean)
    high = a.mean - b.mean + hypot(a.high - a.mean, b.mean - b.low)
    return Estimate(a.mean - b.mean, nan, low, high, min(a.n, b.n))
