"""What makes a study the same study: its search space, objectives, and all that trials share.

Trials of one study are compared with each other, so what they do not share must be searched.
"""

import json
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

from dropout_study.errors import UserError
from dropout_study.search.space import SearchSpace

IDENTITY_ATTR = "identity"
MISSING = "-"
MOST_TOLD = 6  # changes that a refusal lists: another data set alone changes a dozen


@dataclass(frozen=True)
class Identity:
    """What must stay as it is from the first trial of a study to the last.

    Attributes:
        space: the search space, each distribution as Optuna writes it.
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
        """Returns (name, before, now) of what differs, the search space first."""
        return [*_diff(before.space, self.space), *_diff(before.facts, self.facts)]


def check_identity(
    study: optuna.Study, now: Identity, *, extend: bool, may_change: Sequence[str] = ()
) -> None:
    """Records the identity of a new study; holds a resumed one against its own.

    Args:
        study: the study.
        now: what is asked of it.
        extend: accept numeric ranges that have changed: what was tried counts on, as far as the
            sampler can use it. Nothing else can be changed soundly.
        may_change: dotted keys that count no more, for themselves or for all below them.

    Raises:
        UserError: the study is another one; names what has changed and the ways out.
    """
    recorded = study.user_attrs.get(IDENTITY_ATTR)
    if recorded is None:
        study.set_user_attr(IDENTITY_ATTR, {"space": dict(now.space), "facts": dict(now.facts)})
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
    """Checks trials that were made elsewhere: those of this sweep must be comparable with them.

    Args:
        study: the study, as it was found.
        space: what is searched now.
        directions: of the objectives now.
        open_ended: a function searches more than ``space``.

    Raises:
        UserError: the study is another one.
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
                    f"which is {searched} now; search it in the same way, or give this sweep a "
                    "name of its own with hydra.sweeper.study_name=NAME"
                )


def _compatible(made: BaseDistribution, now: BaseDistribution) -> bool:
    """Returns whether Optuna takes both for one parameter."""
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
        f"study `{name}` was begun with other settings: {told}; give this sweep a name of its own "
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
    """Returns a fact in a form that can be compared: NaN is not equal to itself."""
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
