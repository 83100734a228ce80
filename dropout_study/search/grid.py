"""Search spaces as grids: the values of each parameter, and the number of points."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from dropout_study.errors import UserError
from dropout_study.search.conditions import Conditions, active, holds, search_order
from dropout_study.search.space import SearchSpace


def grid_values(name: str, distribution: BaseDistribution) -> list[CategoricalChoiceType]:
    """Returns all values of a parameter, in order.

    Raises:
        UserError: the parameter is an interval of floats, which has infinitely many values.
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
            f"`{name}` must have a step to be searched on a grid, got interval({low:g}, {high:g}); "
            f"use range({low:g}, {high:g}, STEP), a choice, or another hydra/sweeper/sampler"
        )
    return [round(low + i * step, 12) for i in range(round((high - low) / step) + 1)]


def grid_of(space: SearchSpace) -> dict[str, list[CategoricalChoiceType]]:
    """Returns the values of every parameter of ``space``.

    Raises:
        UserError: a parameter is an interval of floats.
    """
    return {name: grid_values(name, distribution) for name, distribution in space.items()}


def n_points(
    space: SearchSpace, conditions: Conditions | None = None, fixed: Mapping[str, Any] | None = None
) -> int:
    """Returns how many points ``space`` has.

    Args:
        space: the search space.
        conditions: the conditions of parameters that have one.
        fixed: the values of keys that are not searched.

    Raises:
        UserError: a parameter is an interval of floats.
    """
    grid, conditions, fixed = grid_of(space), conditions or {}, fixed or {}
    decide = {key for condition in conditions.values() for key in condition}

    def count(names: Sequence[str], params: Mapping[str, Any]) -> int:
        if not names:
            return 1
        name, rest = names[0], names[1:]
        if not holds(conditions.get(name, {}), space, params, fixed):
            return count(rest, params)
        if name not in decide:
            return len(grid[name]) * count(rest, params)
        return sum(count(rest, {**params, name: value}) for value in grid[name])

    return count(search_order(space, conditions), {})


def n_walked(
    trials: Iterable[optuna.trial.FrozenTrial],
    space: SearchSpace,
    conditions: Conditions | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> int:
    """Returns how many different points of ``space`` the study's trials have."""
    points = (
        frozenset(trial.params.items())
        for trial in trials
        if trial.params.keys() == set(active(space, conditions or {}, trial.params, fixed or {}))
    )
    return len(set(points))
