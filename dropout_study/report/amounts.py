"""Numbers as text, as the sentences and tables of a report show them."""

from math import isnan

from dropout_study.report.objective import is_share
from dropout_study.stats import Estimate


def percent(share: float) -> str:
    """Returns an accuracy in percent: "84.2 %"."""
    return f"{100 * share:.1f} %"


def amount(value: float, metric: str) -> str:
    """Returns a value of ``metric`` as text: a share in percent, others with four digits."""
    return percent(value) if is_share(metric) and 0 <= value <= 1 else f"{value:.4g}"


def interval(estimate: Estimate, over: str, metric: str = "test_accuracy") -> str:
    """Returns "95 % interval 82.0 to 86.3 %, over ...", or "no interval, over ..."."""
    if isnan(estimate.low):
        return f"no interval, {over}"
    low = f"{100 * estimate.low:.1f}" if is_share(metric) else amount(estimate.low, metric)
    return f"95 % interval {low} to {amount(estimate.high, metric)}, {over}"


def points(difference: Estimate, metric: str = "test_accuracy") -> str:
    """Returns a difference as text; for accuracies "+1.2 points (95 % interval +0.3 to +2.0)"."""
    share = is_share(metric)
    scale, digits, unit = (100, "+.1f", " points") if share else (1, "+.3g", "")
    mean, low, high = (
        f"{scale * x:{digits}}" for x in (difference.mean, difference.low, difference.high)
    )
    if isnan(difference.low):
        return f"{mean}{unit} (no interval)"
    return f"{mean}{unit} (95 % interval {low} to {high})"


def count_of(count: int, noun: str) -> str:
    """Returns "1 seed", "2 seeds"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
