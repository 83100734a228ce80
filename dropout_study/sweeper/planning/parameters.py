"""A searched parameter: the values that Optuna stores, and the values that jobs get for them.

Optuna stores numbers, texts, true, false and null. Any other choice (a list, a dict, a value equal
to another choice) is stored as a text, and the job still gets the value itself.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from hydra.core.override_parser.types import (
    FloatRange,
    IntervalSweep,
    Override,
    Quote,
    QuotedString,
    RangeSweep,
)
from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
)

from dropout_study.config.overrides import (
    override_key,
    plain_value,
    range_numbers,
    to_override,
    to_text,
)
from dropout_study.errors import UserError, argument_error
from dropout_study.search.priors import ChoicePrior, Prior, number_prior
from dropout_study.search.space import (
    categories,
    float_interval,
    int_interval,
    nearest_number,
    stepped_range,
)


@dataclass(frozen=True)
class Setting:
    """A key and a value that a job is given for it.

    Attributes:
        written: the key as an override writes it, e.g. ``+z``.
        element: the value as Hydra's parser or YAML returns it.
    """

    written: str
    element: Any

    @property
    def override(self) -> str:
        """The override of this setting."""
        return to_override(self.written, self.element)


@dataclass(frozen=True)
class Parameter:
    """A searched parameter.

    Attributes:
        name: its dotted key, or the name of a zip.
        written: the key as an override writes it; empty for a zip.
        distribution: Optuna's distribution of the stored values.
        choices: for a categorical parameter: stored choice -> key -> what a job gets.
        floats: start, stop and step of a range of floats, to give jobs exactly Hydra's floats.
        pinned: whether it has one value only, and is in the space because of its condition.
    """

    name: str
    written: str
    distribution: BaseDistribution
    choices: Mapping[CategoricalChoiceType, Mapping[str, Setting]] = field(default_factory=dict)
    floats: tuple[float, float, float] | None = None
    pinned: bool = False

    @property
    def keys(self) -> list[str]:
        """The keys of the jobs' configuration that the parameter sets."""
        rows = self.choices.values()
        return list(dict.fromkeys(key for row in rows for key in row)) or [self.name]

    def settings(self, stored: CategoricalChoiceType) -> Mapping[str, Setting]:
        """Returns what a job is given for a stored value, by key."""
        if self.choices:
            return self.choices[stored]
        if self.floats is not None and isinstance(stored, int | float):
            start, _stop, step = self.floats
            stored = next(islice(FloatRange(*self.floats), round((stored - start) / step), None))
        return {self.name: Setting(self.written, stored)}

    def stored(self, given: Mapping[str, Any]) -> list[CategoricalChoiceType]:
        """Returns the stored values with which a job gets ``given``, values of some of its keys."""
        if not self.choices:
            value = given[self.name]
            return [nearest_number(self.distribution, value)] if self._has(value) else []
        return [
            choice
            for choice, row in self.choices.items()
            if all(key in row and same(row[key].element, value) for key, value in given.items())
        ]

    def _has(self, value: Any) -> bool:
        """Returns whether a value is a number of the distribution."""
        return is_number(value) and math.isclose(
            nearest_number(self.distribution, value), value, rel_tol=1e-12, abs_tol=1e-12
        )

    def nearest(self, given: Mapping[str, Any]) -> CategoricalChoiceType:
        """Returns the stored value nearest to a number that the distribution does not contain.

        Raises:
            UserError: the parameter has only numbers, and ``given`` is not a number.
            LookupError: the parameter's values are not numbers, so none is the nearest.
        """
        value: Any = given.get(self.name)
        numbers = list(self.choices)
        if self.choices and not all(map(is_number, [value, *numbers])):
            raise LookupError(self.name)
        if not is_number(value):
            raise argument_error(self.name, value, "must be a number in an enqueued point")
        if numbers:
            return min(numbers, key=lambda number: abs(number - value))
        return nearest_number(self.distribution, value)


def is_number(value: Any) -> bool:
    """Returns whether ``value`` is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def same(element: Any, value: Any) -> bool:
    """Returns whether a choice's element equals ``value``; 1 equals 1.0, but not true or '1'."""
    plain, value = plain_value(element), plain_value(value)
    return repr(plain) == repr(value) or (is_number(plain) and is_number(value) and plain == value)


def parameter_of(override: Override, written: str) -> Parameter:
    """Returns the parameter that a sweep override searches; a plain value is a choice of one.

    ``interval(a, b)``: floats. ``int(interval(a, b))``: integers, b included.
    ``range(a, b, step)``: without b, also downwards, as in Python. ``choice(...)``, ``a,b,c`` and
    ``glob(...)``: categories. ``tag(log, ...)``: a logarithmic scale.

    Args:
        override: from the command line or ``params``.
        written: its key as a job's override writes it.

    Raises:
        UserError: the distribution is empty.
    """
    name, sweep = override_key(override), override.value()
    if not override.is_sweep_override():
        return choice_of(name, written, [override.value()], pinned=True)
    if isinstance(sweep, IntervalSweep):
        assert sweep.start is not None
        assert sweep.end is not None
        interval = int_interval if isinstance(sweep.start, int) else float_interval
        log = "log" in sweep.tags
        return Parameter(name, written, interval(name, sweep.start, sweep.end, log=log))
    if isinstance(sweep, RangeSweep):
        return _range(name, written, sweep)
    return choice_of(name, written, list(override.sweep_iterator()))


def prior_of(parameter: Parameter, given: Mapping[Any, Any]) -> Prior:
    """Returns the prior of a parameter: of a range its mean and std, of choices their weights.

    Raises:
        UserError: it is not a prior of this parameter.
    """
    name = parameter.name
    if not parameter.choices:
        return number_prior(name, given, parameter.distribution)
    stored = {choice: parameter.stored({name: choice}) for choice in given}
    for choice, weight in given.items():
        if not stored[choice]:
            raise UserError(
                f"`{name}` must have a weight for its choices as its prior, got {choice!r}, which "
                f"is none of {', '.join(map(str, parameter.choices))}"
            )
        if not is_number(weight) or not 0 <= weight < math.inf:
            raise argument_error(name, weight, "must have weights >= 0 in its prior")
    weights = dict.fromkeys(parameter.choices, 0.0)
    weights |= {stored[choice][0]: float(weight) for choice, weight in given.items()}
    if not sum(weights.values()):
        raise UserError(f"`{name}` must have a weight > 0 in its prior, got {dict(given)}")
    return ChoicePrior(weights)


def _range(name: str, written: str, sweep: RangeSweep) -> Parameter:
    numbers = range_numbers(sweep)
    whole = all(isinstance(number, int) for number in numbers)
    exact = FloatRange(*numbers)  # Hydra 1.3 counts with binary floats, 1.4 with decimals
    counted = numbers if whole else (exact.start, exact.stop, exact.step)
    found = stepped_range(name, *counted, log="log" in sweep.tags)
    return Parameter(name, written, found, floats=None if whole else numbers)


def choice_of(
    name: str, written: str, elements: Iterable[Any], *, pinned: bool = False
) -> Parameter:
    """Returns the parameter that chooses among ``elements``."""
    unique = {repr(plain_value(element)): element for element in elements}.values()
    rows = [(_storable(element), {name: Setting(written, element)}) for element in unique]
    return _choice(name, written, rows, pinned=pinned)


def zip_of(name: str, rows: Iterable[Mapping[str, Setting]]) -> Parameter:
    """Returns the parameter that chooses among rows; the values of a row vary together."""
    told = {", ".join(setting.override for setting in row.values()): row for row in rows}
    return _choice(name, "", told.items())


def _choice(
    name: str,
    written: str,
    rows: Iterable[tuple[CategoricalChoiceType, Mapping[str, Setting]]],
    *,
    pinned: bool = False,
) -> Parameter:
    choices: dict[CategoricalChoiceType, Mapping[str, Setting]] = {}
    for stored, row in rows:
        choices[_free(stored, choices)] = row
    return Parameter(name, written, categories(name, choices), choices, pinned=pinned)


def _storable(element: Any) -> CategoricalChoiceType:
    """Returns an element if a storage can store it, otherwise its text."""
    plain = plain_value(element)
    keeps = plain is None or isinstance(plain, bool | int | float | str)
    return plain if keeps and plain == plain else to_text(element)  # NaN is not equal to itself


def _free(
    stored: CategoricalChoiceType, taken: Mapping[CategoricalChoiceType, Any]
) -> CategoricalChoiceType:
    """Returns a form of ``stored`` that equals none of the others (in Python 1 equals True)."""
    while stored in taken:
        if isinstance(stored, str):
            stored = QuotedString(stored, Quote.single).with_quotes()
        else:
            stored = to_text(stored)
    return stored
