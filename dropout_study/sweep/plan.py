"""What a sweep searches, what it fixes, and what a job of it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import (
    IntervalSweep,
    Override,
    QuotedString,
    RangeSweep,
    Transformer,
)
from omegaconf import DictConfig
from optuna.distributions import BaseDistribution, CategoricalChoiceType

from dropout_study.config.keys import dotted_keys
from dropout_study.config.overrides import override_key, range_numbers, to_override
from dropout_study.search.conditions import Condition, parse_params
from dropout_study.search.space import (
    Params,
    categories,
    fitting_points,
    float_interval,
    int_interval,
    stepped_range,
)


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep searches, and the overrides that all its jobs share."""

    space: dict[str, BaseDistribution]
    fixed: list[str]
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    added: frozenset[str] = frozenset()  # searched keys that the configuration has not: `+key=...`
    pinned: frozenset[str] = frozenset()  # in the space by their condition alone, as one choice

    def fitting_points(self, points: Sequence[Params]) -> tuple[list[Params], list[Params]]:
        """Splits ``points`` into those in the space, without what is pinned, and the others."""
        free = {key: found for key, found in self.space.items() if key not in self.pinned}
        return fitting_points(points, free)


def plan_sweep(
    params: Mapping[str, Any], arguments: Sequence[str], loader: ConfigLoader
) -> SweepPlan:
    """Returns the search space of ``params`` as changed by the command line.

    Args:
        params: dotted keys and the text of their distributions or plain values.
        arguments: overrides from the command line; one of a key in ``params`` replaces it: a plain
            value pins the parameter, a sweep (``choice``, ``range``, ...) is its new distribution.
            A pinned one with a condition stays in the space, as a choice of one: it is given to
            those trials alone in which the condition holds.
        loader: resolves globs over config groups.

    Raises:
        UserError: a distribution is empty or its low is above its high.
        OverrideParseException: an override is not in Hydra's grammar.
    """
    given, conditions = parse_params(params)
    texts = [to_override(k, v) if not isinstance(v, str) else f"{k}={v}" for k, v in given.items()]
    parser = OverridesParser.create(config_loader=loader)
    by_key = {override_key(o): o for o in parser.parse_overrides([*texts, *arguments])}
    space = {
        key: to_distribution(o)
        if o.is_sweep_override()
        else categories(key, [_category(o.value())])
        for key, o in by_key.items()
        if o.is_sweep_override() or (key in conditions and not o.is_delete())
    }
    return SweepPlan(
        space=space,
        fixed=[str(o.input_line) for key, o in by_key.items() if key not in space],
        conditions={key: condition for key, condition in conditions.items() if key in space},
        added=frozenset(key for key in space if by_key[key].is_add()),
        pinned=frozenset(key for key in space if not by_key[key].is_sweep_override()),
    )


def to_distribution(override: Override) -> BaseDistribution:
    """Returns the distribution of a sweep override.

    ``interval(a, b)``: floats; ``int(interval(a, b))``: integers, b included; ``range(a, b, step)``
    leaves b out, as in Python; ``choice(...)``, ``a,b,c`` and ``glob(...)``: categories.
    ``tag(log, ...)`` makes an interval logarithmic.
    """
    name, sweep = override_key(override), override.value()
    if isinstance(sweep, IntervalSweep):
        assert sweep.start is not None
        assert sweep.end is not None
        interval = int_interval if isinstance(sweep.start, int) else float_interval
        return interval(name, sweep.start, sweep.end, log="log" in sweep.tags)
    if isinstance(sweep, RangeSweep):
        return stepped_range(name, *range_numbers(sweep))
    return categories(name, map(_category, override.sweep_iterator()))


def _category(element: Any) -> CategoricalChoiceType:
    """Optuna stores only None, bool, int, float and str: a list or dict becomes its text."""
    if element is None or isinstance(element, bool | int | float | str):
        return element
    if isinstance(element, QuotedString):
        return element.text
    return str(Transformer.str(element))


def job_overrides(plan: SweepPlan, params: Params) -> list[str]:
    """Returns the overrides of one trial's job."""
    marks = {key: "+" if key in plan.added else "" for key in params}
    return [*plan.fixed, *(marks[key] + to_override(key, params[key]) for key in params)]


def config_keys(config: DictConfig) -> list[str]:
    """Returns what can be searched in ``config``: its dotted value keys and its groups."""
    groups = map(str, config.hydra.runtime.choices)
    return [*groups, *dotted_keys(config)]
