"""What a job's end means: its value, its metrics, or why it failed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from dropout_study.trial import TrialState


@dataclass(frozen=True)
class Outcome:
    """The end of a trial, as the storage is told and as the table shows it."""

    state: TrialState
    value: float | None = None
    error: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)


def outcome_of(job: JobReturn, objective: str = "value", *, required: bool = True) -> Outcome:
    """Returns how a job ended.

    Args:
        job: what the launcher returned. Its task returned a number, or a dict whose entry
            ``objective`` is the number and whose other entries are metrics.
        objective: that entry.
        required: whether it must be there; a single run without validation data has none.
    """
    returned = job._return_value  # the property would raise, and print, what a failed job raised
    if job.status is JobStatus.FAILED:
        return Outcome(TrialState.FAIL, error=describe_error(returned))
    metrics = returned if isinstance(returned, Mapping) else {}
    value = metrics.get(objective) if metrics else returned
    if value is None and not required:
        return Outcome(TrialState.COMPLETE, metrics=metrics)
    if isinstance(value, bool) or not isinstance(value, int | float):
        error = f"the task must return a number as its objective, got {value!r}"
    elif not math.isfinite(value):
        error = f"the objective must be finite, got {value}"
    else:
        return Outcome(TrialState.COMPLETE, value=float(value), metrics=metrics)
    return Outcome(TrialState.FAIL, error=error, metrics=metrics)


def describe_error(error: object) -> str:
    """Returns one line on why a job failed; the traceback is in its log."""
    message = " ".join(str(error).split())
    plain = type(error).__module__.startswith("dropout_study")
    return message if plain else f"{type(error).__name__}: {message}"
