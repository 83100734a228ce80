"""The identity of a study: its search space, its objectives, and all that its trials share.

Trials of one study are compared with each other. So they may differ in searched keys only.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    FloatDistribution,
    IntDistribution,
    check_distribution_compatibility,
    distribution_to_json,
    json_to_distribution,
)
from optuna.trial import TrialState

from dropout_study.errors import UserError
from dropout_study.search.space import SearchSpace

IDENTITY_ATTR = "identity"
MISSING = "-"
BEGINNING_S = 10
"""Seconds that a process may take to begin a study; then another one begins it."""
LOOK_S = 0.1
MOST_TOLD = 6  # changes that a refusal lists: another data set alone changes a dozen


@dataclass(frozen=True)
class Identity:
    """What must not change between the first and the last trial of a study.

    Attributes:
        space: the search space, each distribution as Optuna's JSON.
        facts: everything else by dotted name: conditions, objectives, data, seed and the rest of
            the trials' configuration.
    """

    space: Mapping[str, str]
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, space: SearchSpace, facts: Mapping[str, Any]) -> "Identity":
        """Returns the identity of a search over ``space`` under ``facts`` (nested mappings)."""
        texts = {key: distribution_to_json(distribution) for key, distribution in space.items()}
        return cls(texts, json.loads(json.dumps(_flat(facts), default=str)))

    def changes(self, before: "Identity") -> list[tuple[str, str, str]]:
        """Returns (name, before, now) of every difference, the search space first."""
        return [*_diff(before.space, self.space), *_diff(before.facts, self.facts)]


def await_identity(study: optuna.Study) -> None:
    """Waits until the process that has just created a study has recorded its identity.

    It does not wait for a study that was made by another program and has no identity: that has
    trials that have begun. It waits in vain for a process that has died.
    """
    deadline = time.monotonic() + BEGINNING_S
    while time.monotonic() < deadline and IDENTITY_ATTR not in study.user_attrs:
        if any(trial.state != TrialState.WAITING for trial in study.get_trials(deepcopy=False)):
            return
        time.sleep(LOOK_S)


def record_identity(study: optuna.Study, now: Identity) -> None:
    """Records the identity of a study that has none."""
    if IDENTITY_ATTR not in study.user_attrs:
        study.set_user_attr(IDENTITY_ATTR, {"space": dict(now.space), "facts": dict(now.facts)})


def check_identity(
    study: optuna.Study, now: Identity, *, extend: bool, may_change: Sequence[str] = ()
) -> None:
    """Compares a resumed study with its recorded identity; a new study has none.

    Args:
        study: the study.
        now: the identity of this sweep.
        extend: whether to accept changed numeric ranges. The earlier trials stay in the study, as
            far as the sampler can use them.
        may_change: dotted keys that are not compared, with all keys below them.

    Raises:
        UserError: the study is a different one; the message names the changes and the ways out.
    """
    recorded = study.user_attrs.get(IDENTITY_ATTR)
    if recorded is None:
        return
    counts = {k: v for k, v in recorded["facts"].items() if not _is_below(k, may_change)}
    before = Identity(recorded["space"], counts)
    changes = now.changes(before)
    if not changes:
        return
    unsound = [change for change in changes if not _can_extend(*change, before=before, now=now)]
    if extend and not unsound:
        study.set_user_attr(IDENTITY_ATTR, {"space": dict(now.space), "facts": recorded["facts"]})
        return
    raise _refusal(study.study_name, unsound if extend else changes, extendable=not unsound)


def check_adopted(
    study: optuna.Study, space: SearchSpace, directions: Sequence[str], *, open_ended: bool
) -> None:
    """Checks that the trials of another program are comparable with those of this sweep.

    Args:
        study: the study with the other program's trials.
        space: the search space of this sweep.
        directions: the directions of this sweep.
        open_ended: whether a function suggests parameters beside those of ``space``.

    Raises:
        UserError: the trials are not comparable.
    """
    before = [direction.name.lower() for direction in study.directions]
    if before != list(directions):
        raise UserError(
            f"study `{study.study_name}` was made with direction {', '.join(before)}, this sweep "
            f"has {', '.join(directions)}; set hydra.sweeper.direction, or another "
            "hydra.sweeper.study_name"
        )
    for trial in study.get_trials(deepcopy=False):
        for key, made in trial.distributions.items():
            now = space.get(key)
            same = open_ended if now is None else _compatible(made, now)
            if not same:
                searched = "not searched" if now is None else f"searched as {describe(now)}"
                raise UserError(
                    f"study `{study.study_name}` has trials with `{key}` from {describe(made)}, "
                    f"which is {searched} now; search it in the same way, or give this sweep "
                    "another name with hydra.sweeper.study_name=NAME"
                )


def _compatible(made: BaseDistribution, now: BaseDistribution) -> bool:
    """Returns whether Optuna accepts both distributions for one parameter."""
    try:
        check_distribution_compatibility(made, now)
    except ValueError:
        return False
    return True


def _is_below(key: str, keys: Sequence[str]) -> bool:
    return any(f"{key}.".startswith(f"{each}.") for each in keys)


def _refusal(name: str, changes: list[tuple[str, str, str]], *, extendable: bool) -> UserError:
    lines = [f"`{key}` was {old}, is now {new}" for key, old, new in changes[:MOST_TOLD]]
    more = [f"and {len(changes) - MOST_TOLD} more"] if len(changes) > MOST_TOLD else []
    told = "; ".join([*lines, *more])
    extension = (
        "accept the new ranges with hydra.sweeper.on_change=extend"
        if extendable
        else "(hydra.sweeper.on_change=extend accepts changed numeric ranges and nothing else)"
    )
    return UserError(
        f"study `{name}` was begun with other settings: {told}; give this sweep another name "
        f"with hydra.sweeper.study_name=NAME, use the old settings, or {extension}; keys that do "
        "not matter belong in hydra.sweeper.may_change"
    )


def _can_extend(key: str, _old: str, _new: str, *, before: Identity, now: Identity) -> bool:
    if key not in before.space or key not in now.space:
        return False
    old, new = (json_to_distribution(side.space[key]) for side in (before, now))
    return (
        type(old) is type(new)
        and isinstance(old, FloatDistribution | IntDistribution)
        and isinstance(new, FloatDistribution | IntDistribution)
        and (old.log, old.step) == (new.log, new.step)
    )


def _diff(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    names = dict.fromkeys([*before, *now])
    return [
        (name, _tell(before, name), _tell(now, name))
        for name in names
        if _written(before, name) != _written(now, name)
    ]


def _written(side: Mapping[str, Any], name: str) -> str:
    """Returns a fact as a text, which can be compared also if it is NaN."""
    return json.dumps(side[name], sort_keys=True) if name in side else MISSING


def _tell(side: Mapping[str, Any], name: str) -> str:
    value = side.get(name, MISSING)
    if isinstance(value, str) and value.startswith('{"name": '):
        return describe(json_to_distribution(value))
    return str(value)


def describe(distribution: BaseDistribution) -> str:
    """Returns a distribution as a search space writes it."""
    if isinstance(distribution, FloatDistribution | IntDistribution):
        low, high, step = distribution.low, distribution.high, distribution.step
        if step not in (None, 1):
            return f"range({low:g}, {high + step:g}, {step:g})"
        bounds = f"interval({low:g}, {high:g})"
        if isinstance(distribution, IntDistribution):
            bounds = f"int({bounds})"
        return f"tag(log, {bounds})" if distribution.log else bounds
    return f"choice({', '.join(map(str, getattr(distribution, 'choices', ())))})"


def _flat(node: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(node, Mapping) or not node:
        return {prefix: node}
    found: dict[str, Any] = {}
    for key, value in node.items():
        found |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return found
