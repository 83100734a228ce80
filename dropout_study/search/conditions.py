"""Parameters that are searched only if others have certain values: ``when:`` in YAML.

::

    params:
      model: choice(mlp, mlp_deep)
      model.dropout1: {distribution: "interval(0, 0.8)", when: {model: mlp}}
      model.dropout:
        distribution: interval(0, 0.8)
        when: {model: mlp_deep, data: [mnist, kmnist]}

A list means any of its values; all keys must hold. A key is a searched parameter (searched in that
trial), or a group or a value of the configuration. With ``hydra.sweeper.sampler.group=true`` TPE
models parameters jointly that occur together, otherwise it models conditional ones one by one.
"""

from collections.abc import Mapping
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

from dropout_study.errors import UserError
from dropout_study.search.space import SearchSpace

Condition = Mapping[str, tuple[CategoricalChoiceType, ...]]
"""The values that each key may have; all keys must hold."""
Conditions = Mapping[str, Condition]
"""The conditions of those parameters that have one."""

ENTRY = {"distribution", "zip", "when", "prior"}
FORM = (
    "{distribution: ..., when: {KEY: VALUE or list of values}}, "
    "{distribution: ..., prior: {...}} or {zip: [{KEY: VALUE, ...}, ...]}"
)

Rows = list[Mapping[str, Any]]
"""The values of parameters that vary together."""


def parse_params(
    params: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Rows], dict[str, Condition], dict[str, Mapping[str, Any]]]:
    """Splits ``hydra.sweeper.params``: distributions or plain values, zips, conditions and priors.

    Raises:
        UserError: an entry has a condition but no distribution, or a condition is no mapping.
    """
    texts: dict[str, Any] = {}
    zips: dict[str, Rows] = {}
    conditions: dict[str, Condition] = {}
    priors: dict[str, Mapping[str, Any]] = {}
    for name, entry in params.items():
        if not isinstance(entry, Mapping) or not ENTRY & entry.keys():
            texts[name] = entry
            continue
        _check_entry(name, entry)
        if "zip" in entry:
            zips[name] = list(entry["zip"])
        else:
            texts[name] = entry["distribution"]
        if "when" in entry:
            conditions[name] = {str(key): _values(value) for key, value in entry["when"].items()}
        if "prior" in entry:
            priors[name] = entry["prior"]
    return texts, zips, conditions, priors


def _check_entry(name: str, entry: Mapping[str, Any]) -> None:
    """Raises an error unless an entry of ``params`` has a valid form."""
    when = entry.get("when")
    prior = entry.get("prior", {})
    form = entry.keys() - {"when", "prior"}
    whole = (form == {"zip"} and "prior" not in entry) or (
        form == {"distribution"} and len(entry) > 1
    )
    rows = not isinstance(entry.get("zip", [{}]), list) or not entry.get("zip", [{}])
    unconditional = "when" in entry and (not isinstance(when, Mapping) or not when)
    if not whole or rows or unconditional or not isinstance(prior, Mapping):
        raise UserError(f"`{name}` must be {FORM}, got {dict(entry)}")


def _values(value: Any) -> tuple[CategoricalChoiceType, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def search_order(space: SearchSpace, conditions: Conditions) -> list[str]:
    """Returns the parameters in an order in which each condition can be decided.

    Raises:
        UserError: conditions depend on each other.
    """
    waits_for = {name: [key for key in conditions.get(name, {}) if key in space] for name in space}
    try:
        return list(TopologicalSorter(waits_for).static_order())
    except CycleError as error:
        circle = " -> ".join(f"`{name}`" for name in error.args[1])
        raise UserError(
            f"the conditions of {circle} depend on each other; remove one `when`"
        ) from error


def holds(
    condition: Condition, space: SearchSpace, params: Mapping[str, Any], fixed: Mapping[str, Any]
) -> bool:
    """Returns whether a condition holds in a trial.

    Args:
        condition: the values that each key may have.
        space: the search space.
        params: the parameters of the trial and their values.
        fixed: the values of keys that are not searched.
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
        trial: a new trial from ``study.ask()``.
        space: the search space.
        conditions: the conditions of parameters that have one.
        fixed: the values of keys that are not searched.
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
