"""Numbers as text, as the sentences and tables of a report show them."""

from math import isnan

from dropout_study.report.language import NO_BREAK, say
from dropout_study.report.objective import is_share
from dropout_study.stats import FEWEST, Estimate, smallest_p

ALONE = "95 % interval {low} to {high}"
TOGETHER = "simultaneous 95 % interval {low} to {high}"
"""How an interval is told: of one number, or of one of several differences."""

SURE = 0.05
"""A smaller p-value is called beyond the noise."""


def percent(share: float, digits: int = 1) -> str:
    """Returns an accuracy in percent: "84.2 %"."""
    return f"{100 * share:.{digits}f}{NO_BREAK}%"


def amount(value: float, metric: str) -> str:
    """Returns a value of ``metric`` as text: a share in percent, others with four digits."""
    return percent(value) if is_share(metric) and 0 <= value <= 1 else f"{value:.4g}"


def interval(estimate: Estimate, over: str, metric: str = "test_accuracy") -> str:
    """Returns "95 % interval 82.0 to 86.3 %, over ...", or "no interval, over ..."."""
    if isnan(estimate.low):
        told = no_interval(estimate)
    else:
        low = f"{100 * estimate.low:.1f}" if is_share(metric) else amount(estimate.low, metric)
        told = say(ALONE, low=low, high=amount(estimate.high, metric))
    return say("{interval}, {over}", interval=told, over=over)


def points(difference: Estimate, metric: str = "test_accuracy", kind: str = ALONE) -> str:
    """Returns a difference as text; for accuracies "+1.2 points (95 % interval +0.3 to +2.0)".

    Args:
        difference: with its interval.
        metric: what differs.
        kind: how the interval is told, ``ALONE`` or ``TOGETHER``.
    """
    share = is_share(metric)
    scale, digits = (100, "+.1f") if share else (1, "+.3g")
    mean, low, high = (
        f"{scale * x:{digits}}" for x in (difference.mean, difference.low, difference.high)
    )
    told = say("{number} points", number=mean) if share else mean
    unknown = isnan(difference.low)
    bounds = no_interval(difference) if unknown else say(kind, low=low, high=high)
    return say("{number} ({interval})", number=told, interval=bounds)


def no_interval(estimate: Estimate) -> str:
    """Returns that there is no interval and, if the reason is the number of seeds, this reason."""
    if 1 < estimate.n < FEWEST:
        return say("no interval: {n} seeds are too few", n=estimate.n)
    return say("no interval")


def verdict(p: float, n: int, count: int = 1) -> str:
    """Returns ": beyond the noise", ": within the noise", or that so few seeds cannot tell.

    Args:
        p: the p-value of a sign-flip test, Holm-corrected over ``count`` differences.
        n: the paired seeds.
        count: of the differences that were tested together.
    """
    if p < SURE:
        return say(": beyond the noise")
    if (least := min(1.0, count * smallest_p(n))) >= SURE:
        return say(": undecided, with n = {n} no p-value is below {least:.3f}", n=n, least=least)
    return say(": within the noise")
