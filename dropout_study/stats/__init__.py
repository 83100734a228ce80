"""Confidence intervals and paired comparisons: pure functions of numbers."""

from dropout_study.stats.gaussian_process import (
    Array,
    GaussianProcess,
    fit_gaussian_process,
    without_outliers,
)
from dropout_study.stats.intervals import (
    FEWEST,
    Bounds,
    Estimate,
    difference_of_shares,
    mean_estimate,
    share_estimate,
    simultaneous_level,
)
from dropout_study.stats.paired import (
    Comparison,
    holm,
    paired_comparison,
    sign_flip_p,
    smallest_p,
)

__all__ = [
    "FEWEST",
    "Array",
    "Bounds",
    "Comparison",
    "Estimate",
    "GaussianProcess",
    "difference_of_shares",
    "fit_gaussian_process",
    "holm",
    "mean_estimate",
    "paired_comparison",
    "share_estimate",
    "sign_flip_p",
    "simultaneous_level",
    "smallest_p",
    "without_outliers",
]
