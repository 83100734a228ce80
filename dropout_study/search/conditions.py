"""Parameters that are searched only where others have certain values: ``when:`` in YAML.

::

    params:
      model: choice(mlp, mlp_deep)
      model.dropout1: {distribution: "interval(0, 0.8)", when: {model: mlp}}
      model.dropout:
        distribution: interval(0, 0.8)
        when: {model: mlp_deep, data: [mnist, kmnist]}

A list is any of its values; several keys must all hold. A key is a searched parameter, which must
be searched itself in that trial, or a group or value of the configuration. TPE models parameters
that occur together with ``hydra.sweeper.sampler.group=true``, else conditional ones one by one.
"""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from dropout_study.errors import UserError, did_you_mean
from dropout_study.search.space import SearchSpace, fitting_points

Condition = Mapping[str, tuple[CategoricalChoiceType, ...]]
"""The values that each key may have; all keys must hold."""
Conditions = Mapping[str, Condition]
"""The conditions of those parameters that have one."""

ENTRY = {"distribution", "when"}


def parse_params(params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Condition]]:
    """Splits ``hydra.sweeper.params`` into distributions, or plain values, and conditions.

    Raises:
        UserError: an entry has a condition but no distribution, or a condition is no mapping.
    """
    texts: dict[str, Any] = {}
    conditions: dict[str, Condition] = {}
    for name, entry in params.items():
        if not isinstance(entry, Mapping) or not ENTRY & entry.keys():
            texts[name] = entry
            continue
        when = entry.get("when")
        if entry.keys() != ENTRY or not isinstance(when, Mapping) or not when:
            raise UserError(
                f"`{name}` must be {{distribution: ..., when: {{KEY: VALUE or list of values}}}}, "
                f"got {dict(entry)}"
            )
        texts[name] = entry["distribution"]
        conditions[name] = {str(key): _values(value) for key, value in when.items()}
    return texts, conditions


def _values(value: Any) -> tuple[CategoricalChoiceType, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def check_conditions(space: SearchSpace, conditions: Conditions, known: Iterable[str] = ()) -> None:
    """Checks that every condition can be decided, and can hold.

    Args:
        space: what is searched.
        conditions: of the parameters that have one.
        known: the groups and keys of the configuration.

    Raises:
        UserError: a condition names a key that does not exist or a value that its parameter never
            has, or conditions wait for each other.
    """
    names = [*space, *known]
    for name, condition in conditions.items():
        for key, values in condition.items():
            if key not in names:
                raise UserError(
                    f"`{name}` is searched when `{key}` has a value, but `{key}` is no key of the "
                    f"configuration{did_you_mean(key, names)}"
                )
            if key in space:
                _, never = fitting_points([{key: value} for value in values], space)
                if never:
                    raise UserError(
                        f"`{name}` is searched when `{key}` is {never[0][key]!r}, which is not in "
                        f"its distribution {space[key]}"
                    )
    search_order(space, conditions)


def search_order(space: SearchSpace, conditions: Conditions) -> list[str]:
    """Returns the parameters in an order in which each condition can be decided.

    Raises:
        UserError: conditions wait for each other.
    """
    waits_for = {name: [key for key in conditions.get(name, {}) if key in space] for name in space}
    try:
        return list(TopologicalSorter(waits_for).static_order())
    except CycleError as error:
        circle = " -> ".join(f"`{name}`" for name in error.args[1])
        raise UserError(
            f"the conditions of {circle} wait for each other; take one `when` away"
        ) from error


def holds(
    condition: Condition, space: SearchSpace, params: Mapping[str, Any], fixed: Mapping[str, Any]
) -> bool:
    """Returns whether a condition holds in a trial.

    Args:
        condition: the values that each key may have.
        space: what is searched.
        params: those parameters that the trial searches, and their values.
        fixed: the values of what is not searched.
    """
    return all(
        key in (source := params if key in space else fixed) and source[key] in values
        for key, values in condition.items()
    )


def active(
    space: SearchSpace,
    conditions: Conditions,
    params: Mapping[str, Any],
    fixed: Mapping[str, Any],
) -> list[str]:
    """Returns the parameters that a trial with ``params`` searches."""
    return [name for name in space if holds(conditions.get(name, {}), space, params, fixed)]


def suggest(
    trial: optuna.Trial, space: SearchSpace, conditions: Conditions, fixed: Mapping[str, Any]
) -> dict[str, Any]:
    """Asks for the parameters of a trial, one by one, and returns them in order of ``space``.

    Args:
        trial: a new one, of ``study.ask()``.
        space: what is searched.
        conditions: of the parameters that have one; the others are always asked for.
        fixed: the values of what is not searched.
    """
    params: dict[str, Any] = {}
    for name in search_order(space, conditions):
        if holds(conditions.get(name, {}), space, params, fixed):
            params[name] = suggest_one(trial, name, space[name])
    return {name: params[name] for name in space if name in params}


def suggest_one(
    trial: optuna.Trial, name: str, distribution: BaseDistribution
) -> CategoricalChoiceType:
    """Asks for one parameter."""
    if isinstance(distribution, FloatDistribution):
        low, high = distribution.low, distribution.high
        return trial.suggest_float(name, low, high, step=distribution.step, log=distribution.log)
    if isinstance(distribution, IntDistribution):
        low, high = distribution.low, distribution.high
        return trial.suggest_int(name, low, high, step=distribution.step, log=distribution.log)
    assert isinstance(distribution, CategoricalDistribution)
    return trial.suggest_categorical(name, distribution.choices)
