"""Spaces as grids of points: which values a parameter can take, and how many points there are."""

from collections.abc import Iterable
from math import prod

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from dropout_study.errors import UserError
from dropout_study.search.space import SearchSpace


def grid_values(name: str, distribution: BaseDistribution) -> list[CategoricalChoiceType]:
    """Returns all values of a parameter, in order.

    Raises:
        UserError: it is an interval of floats, which has no end of values.
    """
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    if isinstance(distribution, IntDistribution):
        return list(range(distribution.low, distribution.high + 1, distribution.step))
    assert isinstance(distribution, FloatDistribution)
    low, high, step = distribution.low, distribution.high, distribution.step
    if low == high:
        return [low]
    if step is None:
        raise UserError(
            f"`{name}` must have a step to be walked as a grid, got interval({low:g}, {high:g}); "
            f"use range({low:g}, {high:g}, STEP), a choice, or another hydra/sweeper/sampler"
        )
    return [round(low + i * step, 12) for i in range(round((high - low) / step) + 1)]


def grid_of(space: SearchSpace) -> dict[str, list[CategoricalChoiceType]]:
    """Returns the values of every parameter of ``space``.

    Raises:
        UserError: one of them is an interval of floats.
    """
    return {name: grid_values(name, distribution) for name, distribution in space.items()}


def n_points(space: SearchSpace) -> int:
    """Returns how many points ``space`` has.

    Raises:
        UserError: one of its parameters is an interval of floats.
    """
    return prod(len(values) for values in grid_of(space).values())


def n_walked(trials: Iterable[optuna.trial.FrozenTrial], space: SearchSpace) -> int:
    """Returns how many different points of ``space`` the trials have been given."""
    keys = space.keys()
    return len({tuple(t.params[key] for key in keys) for t in trials if keys <= t.params.keys()})
