"""Makes and checks the distributions of a search space."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal

from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from dropout_study.errors import UserError

SearchSpace = Mapping[str, BaseDistribution]
Params = Mapping[str, CategoricalChoiceType]


def float_interval(name: str, low: float, high: float, *, log: bool = False) -> BaseDistribution:
    """Returns the floats from ``low`` to ``high``; evenly on a log scale if ``log``."""
    _check_bounds(name, low, high, log=log)
    return FloatDistribution(low, high, log=log)


def int_interval(name: str, low: float, high: float, *, log: bool = False) -> BaseDistribution:
    """Returns the integers from ``low`` to ``high``, both included."""
    _check_bounds(name, low, high, log=log)
    if low != int(low) or high != int(high):
        raise UserError(f"`{name}` must have integers as bounds, got {low:g} and {high:g}")
    return IntDistribution(int(low), int(high), log=log)


def stepped_range(
    name: str,
    start: float | Decimal,
    stop: float | Decimal,
    step: float | Decimal,
    *,
    log: bool = False,
) -> BaseDistribution:
    """Returns start, start + step, ... without ``stop``, as Python's range.

    ``step`` may be negative. The numbers are integers if all three are, otherwise floats. They are
    counted with the exact values given.

    Raises:
        UserError: the range is empty, or has one value because its step of 1 was not given, or it
            has steps on a logarithmic scale.
    """
    finite = all(map(math.isfinite, (start, stop, step)))
    count = math.ceil((Decimal(stop) - Decimal(start)) / Decimal(step)) if finite and step else 0
    shown = f"range({float(start):g}, {float(stop):g}, {float(step):g})"
    if count <= 0:
        raise UserError(
            f"`{name}={shown}` is empty; a range goes from its start "
            "in steps towards its stop, which is not included"
        )
    if count == 1 and step == 1 and Decimal(start) + 1 != Decimal(stop):
        ends = f"{float(start):g}, {float(stop):g}"
        raise UserError(
            f"`{name}={shown}` has one value only, {float(start):g}; use interval({ends}) for all "
            "numbers between, or give a smaller step"
        )
    first, stride = Decimal(str(float(start))), Decimal(str(float(step)))
    low, high = sorted((first, first + (count - 1) * stride))
    whole = all(isinstance(number, int) for number in (start, stop, step))
    if log and not (whole and abs(step) == 1):
        raise UserError(
            f"`{name}` must have whole numbers and the step 1 as a range on a log scale, got "
            f"{shown}; use tag(log, interval(LOW, HIGH))"
        )
    if log:
        _check_bounds(name, float(low), float(high), log=True)
    if whole:
        return IntDistribution(int(low), int(high), log=log, step=abs(int(step)))
    return FloatDistribution(float(low), float(high), step=float(abs(stride)))


def nearest_number(distribution: BaseDistribution, value: float) -> float:
    """Returns the number of a numeric distribution that is nearest to ``value``."""
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = distribution.low, distribution.high
    inside = min(max(value, low), high)
    if distribution.step is not None:
        first, stride = Decimal(str(low)), Decimal(str(distribution.step))
        inside = float(first + round((Decimal(str(inside)) - first) / stride) * stride)
    return round(inside) if isinstance(distribution, IntDistribution) else float(inside)


def categories(name: str, choices: Iterable[CategoricalChoiceType]) -> BaseDistribution:
    """Returns a choice among ``choices``."""
    unique = list(dict.fromkeys(choices))
    if not unique:
        raise UserError(f"`{name}` has no choices; give at least one")
    return CategoricalDistribution(unique)


def _check_bounds(name: str, low: float, high: float, *, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise UserError(f"`{name}` must have its low at most its high, got {low:g} and {high:g}")
    if log and low <= 0:
        raise UserError(f"`{name}` must have its low > 0 on a log scale, got {low:g}")
