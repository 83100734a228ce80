"""What a job's end means: its values, its metrics, or why it failed."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from dropout_study.trial import TrialState


@dataclass(frozen=True)
class Outcome:
    """The end of a trial, as the storage is told and as the table shows it.

    Attributes:
        state: COMPLETE, PRUNED or FAIL.
        values: one an objective; none of a failed trial, nor of one pruned before its first report.
        error: of a failed trial, one line.
        metrics: what the task returned by name, the objectives among it.
    """

    state: TrialState
    values: tuple[float, ...] = ()
    error: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def value(self) -> float | None:
        """The value of a single objective; None where there is none, or several."""
        return self.values[0] if len(self.values) == 1 else None


def as_names(setting: str | Sequence[str]) -> tuple[str, ...]:
    """Returns a setting that may be one text or several, as several."""
    return (setting,) if isinstance(setting, str) else tuple(setting)


def minimizes(direction: Any) -> bool:
    """Returns whether a sweep with this ``hydra.sweeper.direction`` looks for the smallest value.

    Of several objectives no single value is the best: False.
    """
    return direction is not None and as_names(direction) == ("minimize",)


def objective_names(
    objective: str | Sequence[str] = "value", direction: str | Sequence[str] = "maximize"
) -> tuple[str, ...]:
    """Returns a name for each objective, from the sweeper's settings.

    One name for several directions is numbered: ``value_0``, ``value_1``, ...
    """
    names, directions = as_names(objective), as_names(direction)
    if len(names) == 1 < len(directions):
        return tuple(f"{names[0]}_{i}" for i in range(len(directions)))
    return names


def outcome_of(
    job: JobReturn, objectives: str | Sequence[str] = "value", *, required: bool = True
) -> Outcome:
    """Returns how a job ended.

    Args:
        job: what the launcher returned. Its task returned a number, a list of as many numbers as
            there are objectives, or a dict with an entry for each, the others being metrics; or it
            raised ``TrialPruned``, ours or Optuna's.
        objectives: their names.
        required: whether they must be there; a single run without validation data has none.
    """
    returned = job._return_value  # the property would raise, and print, what a failed job raised
    names = as_names(objectives)
    if job.status is JobStatus.FAILED:
        if is_pruning(returned):
            return _pruned(getattr(returned, "metrics", {}), names)
        return Outcome(TrialState.FAIL, error=describe_error(returned))
    given = _given(returned, names)
    metrics = dict(returned) if isinstance(returned, Mapping) else _named(given, names)
    if not required and all(value is None for value in given):
        return Outcome(TrialState.COMPLETE, metrics=metrics)
    for name, value in zip(names, given, strict=True):
        if error := _objection(name, value):
            return Outcome(TrialState.FAIL, error=error, metrics=metrics)
    return Outcome(TrialState.COMPLETE, tuple(map(float, given)), metrics=metrics)


def _given(returned: Any, names: Sequence[str]) -> list[Any]:
    """Returns what a task gave for each objective; what it did not give is what it returned."""
    if isinstance(returned, Mapping):
        return [returned.get(name) for name in names]
    several = isinstance(returned, list | tuple) and len(returned) == len(names)
    return list(returned) if several else [returned] * len(names)


def _named(given: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
    """Returns the columns of several objectives that came without names."""
    numbers = all(_is_number(value) for value in given)
    return dict(zip(names, given, strict=True)) if numbers and len(names) > 1 else {}


def _pruned(metrics: Mapping[str, Any], names: Sequence[str]) -> Outcome:
    last: list[Any] = [metrics.get(name) for name in names]
    values = [float(v) for v in last if _is_number(v) and math.isfinite(v)]
    complete = len(values) == len(names)
    return Outcome(TrialState.PRUNED, tuple(values) if complete else (), metrics=dict(metrics))


def is_pruning(error: object) -> bool:
    """Returns whether the exception says "pruned": a task need not import this package for it."""
    return any(base.__name__ == "TrialPruned" for base in type(error).__mro__)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)  # NumPy's scalars too


def _objection(name: str, value: Any) -> str:
    """Returns why ``value`` cannot be the objective's, or nothing."""
    objective = "objective" if name == "value" else f"objective `{name}`"
    if not _is_number(value):
        got = textwrap.shorten(repr(value), 200, placeholder="...")
        return f"the task must return a number as its {objective}, got {got}"
    return "" if math.isfinite(value) else f"the {objective} must be finite, got {value}"


def describe_error(error: object) -> str:
    """Returns one line on why a job failed; the traceback is in its log."""
    message = " ".join(str(error).split())
    plain = type(error).__module__.startswith("dropout_study")
    return message if plain else f"{type(error).__name__}: {message}"
