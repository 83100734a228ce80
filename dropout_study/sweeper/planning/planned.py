"""Makes the plan of a sweep: its search space as changed by the command line, or given points."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from dropout_study.config.keys import normal_key
from dropout_study.config.overrides import override_key, to_override
from dropout_study.errors import UserError
from dropout_study.search.conditions import Condition, parse_params
from dropout_study.sweeper.planning.parameters import (
    Parameter,
    Setting,
    parameter_of,
    prior_of,
    zip_of,
)
from dropout_study.sweeper.planning.plan import SweepPlan

POINT = "point"  # the parameter that a study of given points searches


def plan_sweep(
    params: Mapping[str, Any], arguments: Sequence[str], loader: ConfigLoader
) -> SweepPlan:
    """Returns the search space of ``params`` as changed by the command line.

    Args:
        params: dotted keys and the text of their distributions or plain values.
        arguments: overrides from the command line. They replace entries of ``params`` with the same
            key: a plain value pins the parameter, a sweep (``choice``, ``range``, ...) is its new
            distribution. A pinned parameter with a condition stays in the space, with one choice:
            only trials in which the condition holds get the value.
        loader: resolves globs over config groups.

    Raises:
        UserError: a distribution is empty, a condition can never hold, a prior is not one of its
            distribution, a key is searched twice.
        OverrideParseException: an override is not in Hydra's grammar.
    """
    given, zips, conditions, priors = parse_params(params)
    conditional = {normal_key(name) for name in conditions}
    parser = OverridesParser.create(config_loader=loader)
    texts = {name: _as_text(name, value) for name, value in given.items()}
    by_text = {name: parser.parse_overrides([text])[0] for name, text in texts.items()}
    entries: list[_Entry] = [
        _Zip(name, _rows(name, zips[name]))
        if name in zips
        else _Given(by_text[name], replaceable=True)
        for name in params
    ]
    for override in parser.parse_overrides(list(arguments)):
        _put(entries, override)
    made = [part for entry in entries for part in entry.parts(conditional)]
    _check_searched_once(made)
    plan = SweepPlan(tuple(made))
    found = (plan.parameters.get(normal_key(name)) for name in priors)
    return SweepPlan(
        plan.entries,
        dict(_conditions(plan, conditions)),
        {
            parameter.name: prior_of(parameter, prior)
            for parameter, prior in zip(found, priors.values(), strict=True)
            if parameter is not None and not parameter.pinned
        },
    )


def plan_points(
    points: Sequence[Mapping[str, Any]], arguments: Sequence[str], loader: ConfigLoader
) -> SweepPlan:
    """Returns the plan of a study of given points: its one parameter is a choice among them.

    Args:
        points: keys and values of each trial, in order.
        arguments: overrides from the command line, for all jobs; they replace keys of the points.
        loader: finds the options that the overrides name.

    Raises:
        UserError: something else is searched as well, or a point is no mapping.
    """
    zipped = _Zip(POINT, [_row("hydra.sweeper.points", point) for point in points])
    entries: list[_Entry] = [zipped]
    for override in OverridesParser.create(config_loader=loader).parse_overrides(list(arguments)):
        if override.is_sweep_override():
            raise UserError(
                f"`hydra.sweeper.points` is the whole study, but `{override.input_line}` is "
                "searched as well; give each point its value, or use a zip in hydra.sweeper.params"
            )
        _put(entries, override)
    return SweepPlan(tuple(part for entry in [*entries[1:], zipped] for part in entry.parts(set())))


@dataclass
class _Given:
    """An override that a plan is made of; a later one of its key may replace it."""

    override: Override
    replaceable: bool
    prefix: str = ""

    @property
    def key(self) -> str:
        return override_key(self.override)

    @property
    def written(self) -> str:
        return self.prefix + self.override.get_key_element()

    def parts(self, conditional: set[str]) -> Iterator[Parameter | str]:
        searched = self.override.is_sweep_override()
        if searched or (self.key in conditional and not self.override.is_delete()):
            yield parameter_of(self.override, self.written)
        else:
            yield self.prefix + str(self.override.input_line)


@dataclass
class _Zip:
    """Rows of values that a plan is made of."""

    name: str
    rows: list[Mapping[str, Setting]]

    def parts(self, _conditional: set[str]) -> Iterator[Parameter | str]:
        if any(self.rows):  # keys may all have been pinned
            yield zip_of(self.name, self.rows)


_Entry = _Given | _Zip


def _as_text(name: str, value: Any) -> str:
    """Returns an entry of ``params`` as an override; texts are in Hydra's grammar already."""
    marks = name[: len(name) - len(name.lstrip("+~"))]
    key = marks + normal_key(name)
    return f"{key}={value}" if isinstance(value, str) else to_override(key, value)


def _rows(name: str, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Setting]]:
    """Returns the rows of a zip, which all have the same keys."""
    found = [_row(f"hydra.sweeper.params.{name}", row) for row in rows]
    if len({frozenset(row) for row in found}) > 1:
        raise UserError(
            f"`hydra.sweeper.params.{name}` must give each row of its zip the same keys, got "
            f"{[list(row) for row in found]}"
        )
    return list(found)


def _row(where: str, row: Any) -> dict[str, Setting]:
    if not isinstance(row, Mapping) or not row:
        raise UserError(f"`{where}` must be a list of mappings from keys to values, got {row!r}")
    texts = {str(written): value for written, value in row.items()}
    return {normal_key(written): Setting(written.strip(), texts[written]) for written in texts}


def _put(entries: list[_Entry], override: Override) -> None:
    """Adds an override of the command line; it replaces a searched entry of the same key.

    A key that was added by a ``+`` stays added. Several plain overrides of one key are all kept:
    Hydra applies them one after the other.
    """
    new = _Given(override, replaceable=override.is_sweep_override())
    for place, entry in enumerate(entries):
        if isinstance(entry, _Zip):
            entry.rows = [_without(row, new.key) for row in entry.rows]
        elif entry.key == new.key and entry.replaceable:
            marks = entry.written[: len(entry.written) - len(entry.written.lstrip("+"))]
            if not new.written.startswith(("+", "~")):
                new.prefix = marks
            entries[place] = new
            return
    entries.append(new)


def _without(row: Mapping[str, Setting], key: str) -> Mapping[str, Setting]:
    return {each: setting for each, setting in row.items() if each != key}


def _check_searched_once(entries: Sequence[Parameter | str]) -> None:
    seen: dict[str, str] = {}
    for parameter in (entry for entry in entries if isinstance(entry, Parameter)):
        for key in parameter.keys:
            if key in seen:
                raise UserError(
                    f"`{key}` is searched twice, as `{seen[key]}` and as `{parameter.name}`; "
                    "remove one of them"
                )
            seen[key] = parameter.name


def _conditions(
    plan: SweepPlan, conditions: Mapping[str, Condition]
) -> Iterator[tuple[str, Condition]]:
    """Yields the names of parameters and their conditions in stored values."""
    for name, condition in conditions.items():
        if normal_key(name) not in plan.parameters:
            continue
        met: dict[str, tuple[Any, ...]] = {}
        for written, values in condition.items():
            owner = plan.owners.get(normal_key(written))
            if owner is None:
                met[normal_key(written)] = values
                continue
            found = _stored(owner, normal_key(written), values, name)
            before = met.get(owner.name, found)
            met[owner.name] = tuple(value for value in found if value in before)
        yield normal_key(name), met


def _stored(owner: Parameter, key: str, values: Sequence[Any], name: str) -> tuple[Any, ...]:
    """Returns the stored values with which ``key`` has one of ``values``."""
    whole = owner.stored({key: list(values)})  # the list itself may be a value
    if whole:
        return tuple(whole)
    found: list[Any] = []
    for value in values:
        stored = owner.stored({key: value})
        if not stored:
            raise UserError(
                f"`{name}` is searched when `{key}` is {value!r}, which is not in its "
                f"distribution {owner.distribution}"
            )
        found += stored
    return tuple(found)
