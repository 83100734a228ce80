"""The outcome of a job: its values and metrics, or why it failed."""

import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import InstantiationException

from dropout_study.config.explain import explain
from dropout_study.trial import TrialState


@dataclass(frozen=True)
class Outcome:
    """The outcome of a trial, for the storage and the table.

    Attributes:
        state: COMPLETE, PRUNED or FAIL.
        values: one for each objective; empty for a failed trial and for one that was pruned
            before its first report.
        error: why the trial failed, in one line.
        metrics: what the task returned, by name, with the objectives; see ``plain_metrics``.
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
    """Returns a setting that is a text or a list of texts as a tuple of texts."""
    return (setting,) if isinstance(setting, str) else tuple(setting)


def minimizes(direction: Any) -> bool:
    """Returns whether a sweep with this ``hydra.sweeper.direction`` looks for the smallest value.

    For several objectives it returns False: there is no single best value.
    """
    return direction is not None and as_names(direction) == ("minimize",)


def objective_names(
    objective: str | Sequence[str] = "value", direction: str | Sequence[str] = "maximize"
) -> tuple[str, ...]:
    """Returns a name for each objective, from the sweeper's settings.

    If there is one name and several directions, the names are ``value_0``, ``value_1``, ...
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
        job: what the launcher returned. The task may return a number (see ``number_of``), a list
            with one number for each objective, or a dict with an entry for each objective and any
            other metrics. It may raise ``TrialPruned``, ours or Optuna's. As in Optuna, infinity
            is a valid value and NaN is a failure.
        objectives: the names of the objectives.
        required: whether a missing objective is an error. It is none in a single run without
            validation data.
    """
    returned = job._return_value  # `job.return_value` would raise and print a failed job's error
    names = as_names(objectives)
    if job.status is JobStatus.FAILED:
        if is_pruning(returned):
            return _pruned(getattr(returned, "metrics", {}), names)
        return Outcome(TrialState.FAIL, error=describe_error(returned))
    if isinstance(returned, Mapping):
        metrics = plain_metrics(returned)
        if not required and all(returned.get(name) is None for name in names):
            return Outcome(TrialState.COMPLETE, metrics=metrics)
        given = [returned.get(name) for name in names]
    else:
        given = _listed(returned, names)
        metrics = plain_metrics(dict(zip(names, given, strict=False))) if len(names) > 1 else {}
    if error := _objection(returned, given, names):
        return Outcome(TrialState.FAIL, error=error, metrics=metrics)
    return Outcome(TrialState.COMPLETE, tuple(map(_float, given)), metrics=metrics)


def number_of(value: object) -> int | float | None:
    """Returns ``value`` as a plain number; None if it is not a number.

    A number is anything that ``float()`` accepts, a tensor or an array of one element too. Texts,
    True and False are not numbers.
    """
    if callable(item := getattr(value, "item", None)):  # a tensor, array or NumPy scalar
        try:
            value = item()
        except (TypeError, ValueError, RuntimeError):  # it has several elements
            return None
    if value is None or isinstance(value, bool | str | bytes | bytearray):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # the except branch handles the rest
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None
    return int(value) if isinstance(value, int) else number


def plain_metrics(metrics: Mapping[Any, Any]) -> dict[str, Any]:
    """Returns the entries that can be sent and written to a table: numbers and JSON values."""
    numbers = {str(name): (value, number_of(value)) for name, value in metrics.items()}
    return {
        name: value if number is None else number
        for name, (value, number) in numbers.items()
        if number is not None or _is_json(value)
    }


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _listed(returned: Any, names: Sequence[str]) -> list[Any]:
    """Returns several values as a list, and a single value as a list of one."""
    if len(names) > 1 and callable(tolist := getattr(returned, "tolist", None)):
        returned = tolist()
    return list(returned) if isinstance(returned, list | tuple) else [returned]


def _pruned(metrics: Mapping[str, Any], names: Sequence[str]) -> Outcome:
    last = [_float(metrics.get(name)) for name in names]
    values = () if any(map(math.isnan, last)) else tuple(last)
    return Outcome(TrialState.PRUNED, values, metrics=plain_metrics(metrics))


def _float(value: Any) -> float:
    """Returns ``value`` as a float; NaN if it is no number."""
    number = number_of(value)
    return math.nan if number is None else float(number)


def is_pruning(error: object) -> bool:
    """Returns whether ``error`` is a ``TrialPruned``, this package's or Optuna's."""
    return any(base.__name__ == "TrialPruned" for base in type(error).__mro__)


def _objection(returned: Any, given: Sequence[Any], names: Sequence[str]) -> str:
    """Returns why the task's result lacks the value of an objective; empty if none is missing."""
    setting = "hydra.sweeper.objective=" + (names[0] if len(names) == 1 else f"[{','.join(names)}]")
    if isinstance(returned, Mapping):
        if missing := [name for name in names if name not in returned]:
            has = ", ".join(map(str, returned)) or "nothing"
            return f"{setting}: the dict that the task returned has no `{missing[0]}`, it has {has}"
    elif len(given) != len(names):
        one = "a number" if len(names) == 1 else f"{len(names)} numbers"
        return f"the task must return {one} for {setting}, got {_shown(returned)}"
    for name, value in zip(names, given, strict=True):
        of = f"{setting}, the value of `{name}`" if len(names) > 1 else setting
        if number_of(value) is None:
            return f"the task must return a number for {of}, got {_shown(value)}"
        if math.isnan(_float(value)):
            return f"the task must return a number for {of}, got nan"
    return ""


def _shown(value: Any) -> str:
    return textwrap.shorten(repr(value), 200, placeholder="...")


def describe_error(error: object) -> str:
    """Returns one line on why a job failed; the traceback is in the job's log."""
    if isinstance(error, InstantiationException):
        return explain(error)
    message = " ".join(str(error).split())
    plain = type(error).__module__.startswith("dropout_study")
    return message if plain else f"{type(error).__name__}: {message}"
