"""Confidence intervals and paired comparisons: pure functions of numbers."""

from dropout_study.stats.intervals import (
    Estimate,
    difference_of_shares,
    mean_estimate,
    share_estimate,
)
from dropout_study.stats.paired import Comparison, holm, paired_comparison, sign_flip_p

__all__ = [
    "Comparison",
    "Estimate",
    "difference_of_shares",
    "holm",
    "mean_estimate",
    "paired_comparison",
    "share_estimate",
    "sign_flip_p",
]
