"""Distributions of a search space, checked as they are made."""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from dropout_study.errors import UserError, did_you_mean

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


def stepped_range(name: str, start: float, stop: float, step: float) -> BaseDistribution:
    """Returns start, start + step, ... as long as they are below ``stop``, as Python's range.

    Integers where ``start`` and ``step`` are integers, floats otherwise.
    """
    if not (0 < step < math.inf and -math.inf < start < stop < math.inf):
        raise UserError(
            f"`{name}=range({start:g}, {stop:g}, {step:g})` is empty; "
            "its start must be below its stop and its step above 0"
        )
    first, end, stride = (Decimal(str(number)) for number in (start, stop, step))
    last = float(first + (math.ceil((end - first) / stride) - 1) * stride)
    if isinstance(start, int) and isinstance(step, int):
        return IntDistribution(start, int(last), step=step)
    return FloatDistribution(start, last, step=step)


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


def check_space(space: SearchSpace, known: Iterable[str] = (), *, empty: bool = False) -> None:
    """Checks that there is something to search and that it exists.

    Args:
        space: dotted override keys and their distributions.
        known: the keys that a configuration has.
        empty: the space may be empty: a function adds to it.

    Raises:
        UserError: the space is empty or names a key that is not in ``known``.
    """
    if not space and not empty:
        raise UserError(
            "the search space is empty: nothing is left to search; choose search_space=..., or "
            "give a parameter a distribution, as in 'model.dropout1=interval(0,0.8)'"
        )
    names = list(known)
    for key in space:
        if key not in names:
            raise UserError(
                f"`{key}` is searched but is no key of the configuration{did_you_mean(key, names)}"
            )


def fitting_points(
    points: Sequence[Params], space: SearchSpace
) -> tuple[list[Params], list[Params]]:
    """Splits ``points`` into those that lie in ``space``, reduced to its keys, and the others.

    Pinning a parameter takes it out of the space and so out of every point.
    """
    inside: list[Params] = []
    outside: list[Params] = []
    for point in points:
        reduced = {key: value for key, value in point.items() if key in space}
        fits = all(_contains(space[key], value) for key, value in reduced.items())
        (inside if fits else outside).append(reduced if fits else point)
    return inside, outside


def _contains(distribution: BaseDistribution, value: CategoricalChoiceType) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    steps = (value - distribution.low) / (distribution.step or 1)
    on_step = distribution.step is None or abs(steps - round(steps)) < 1e-8
    return on_step and distribution.low <= value <= distribution.high
