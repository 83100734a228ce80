"""Checks before the first trial the configurations that a sweep can draw.

Every option of a searched group, every other choice and both ends of every range is composed once,
with the rest of the space at its first values. So a mistake in one of them ends the sweep before
its first trial. The mark ``checks`` names a function that checks each of these configurations.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import product
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from optuna.distributions import CategoricalChoiceType, FloatDistribution, IntDistribution

from dropout_study.config.explain import explain
from dropout_study.errors import UserError, did_you_mean
from dropout_study.search.conditions import holds, search_order
from dropout_study.sweeper.planning.parameters import Parameter
from dropout_study.sweeper.planning.plan import SweepPlan, config_keys

Compose = Callable[[list[str]], DictConfig]
Check = Callable[[DictConfig], Any]
Point = dict[str, CategoricalChoiceType]
Kind = tuple[tuple[str, CategoricalChoiceType], ...]
MOST_KINDS = 64


class Candidates:
    """The points of a sweep that are checked before it starts.

    Args:
        plan: the plan of the sweep.
        compose: returns the configuration of a job with given overrides.
        fixed: the values of keys in conditions that are not searched.

    Attributes:
        keys: the groups and dotted keys of all checked configurations.
        kinds: a configuration of each kind of job that has passed, at most ``MOST_KINDS + 1``. Jobs
            are of one kind if they differ only in floats that are not 0.
    """

    def __init__(self, plan: SweepPlan, compose: Compose, fixed: Mapping[str, Any]) -> None:
        self._plan = plan
        self._compose = compose
        self._fixed = fixed
        self.keys: set[str] = set(plan.owners)
        self.kinds: dict[Kind, DictConfig] = {}
        self._order = search_order(plan.space, plan.conditions)

    def check(self, check: Check | None = None) -> None:
        """Composes every candidate and calls ``check`` with it.

        Raises:
            UserError: a candidate cannot be composed, or ``check`` refuses it.
        """
        for point in self._points():
            try:
                self._try(point, check)
            except UserError as error:
                raise UserError(f"{error}{self._way_out(str(error), point, check)}") from error

    def _try(self, point: Point, check: Check | None) -> None:
        try:
            config = self._compose(self._plan.job_overrides(point))
            self.keys |= set(config_keys(config))
            if check is not None:
                check(config)
            if len(self.kinds) <= MOST_KINDS:
                self.kinds.setdefault(_kind(point), config)
        except (HydraException, OmegaConfBaseException, ValueError) as error:
            raise UserError(explain(error)) from error

    def _way_out(self, error: str, point: Point, check: Check | None) -> str:
        """Returns advice on a refused candidate, to be appended to the error; empty if none."""
        for name in point:
            above = name.partition(".")[0]
            if error.startswith(f"`{name}` is no key") and above in point and above != name:
                return (
                    f"; it is searched with {above}={point[above]} as well: give it the condition "
                    f"under which it exists, {{distribution: ..., when: {{{above}: OPTION}}}}"
                )
            found = self._plan.space[name]
            if isinstance(found, FloatDistribution) and self._passes_whole(name, point, check):
                return f"; search {name}='int(interval({found.low:g}, {found.high:g}))'"
        return ""

    def _passes_whole(self, name: str, point: Point, check: Check | None) -> bool:
        """Returns whether a candidate passes with a whole number for the float of a parameter."""
        value = point[name]
        if not isinstance(value, float) or not value.is_integer():
            return False
        try:
            self._try({**point, name: int(value)}, check)
        except UserError:
            return False
        return True

    def _points(self) -> Iterator[Point]:
        """Yields the first point, and every point that differs from it by one candidate."""
        seen: list[Point] = []
        for point in self._all_points():
            if point not in seen:
                seen.append(point)
                yield point

    def _all_points(self) -> Iterator[Point]:
        yield self._complete({})
        for name, parameter in self._plan.parameters.items():
            for required in self._required(name):
                for value in candidates_of(parameter):
                    yield self._complete({**required, name: value})

    def _required(self, name: str) -> Iterator[Point]:
        """Yields the values under which a parameter's condition holds; none if it never does."""
        condition = self._plan.conditions.get(name, {})
        searched = [key for key in condition if key in self._plan.space]
        others = {key: values for key, values in condition.items() if key not in searched}
        if not holds(others, self._plan.space, {}, self._fixed):
            return
        for values in product(*(condition[key] for key in searched)):
            point: Point = dict(zip(searched, values, strict=True))
            for key in searched:
                above = next(self._required(key), None)
                if above is None or any(point.get(k, v) != v for k, v in above.items()):
                    break
                point = {**above, **point}
            else:
                yield point

    def _complete(self, given: Point) -> Point:
        """Returns ``given`` with the first values of all other parameters that occur with it."""
        point: Point = {}
        for name in self._order:
            condition = self._plan.conditions.get(name, {})
            if holds(condition, self._plan.space, point, self._fixed):
                point[name] = given.get(name, candidates_of(self._plan.parameters[name])[0])
        return {name: point[name] for name in self._plan.space if name in point}


def _kind(point: Point) -> Kind:
    return tuple((k, bool(v) if isinstance(v, float) else v) for k, v in point.items())


def candidates_of(parameter: Parameter) -> list[CategoricalChoiceType]:
    """Returns all choices of a parameter, or both ends of its range."""
    if parameter.choices:
        return list(parameter.choices)
    distribution = parameter.distribution
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return list(dict.fromkeys((distribution.low, distribution.high)))


def check_known(role: str, written: Mapping[str, str], known: Collection[str]) -> None:
    """Raises an error if a key is neither searched nor in the configuration.

    Args:
        role: what the keys are used for, in the words of the message.
        written: the keys in normal form -> as the user wrote them.
        known: the searched keys and the keys of the configuration.
    """
    for key, given in written.items():
        if key not in known:
            raise UserError(
                f"`{given}` {role} but is no key of the configuration{did_you_mean(key, known)}"
            )
