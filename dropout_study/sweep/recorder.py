"""What keeps the files of a sweep's trials."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from dropout_study.sweep.outcome import Outcome
from dropout_study.sweep.source import Assignment


class Recorder(Protocol):
    """Keeps the trials' files; the sweeper's plugin hands in ``results.recorder``."""

    def begin(self, job: Assignment) -> None:
        """Removes what an earlier run of the job has left that would be taken for its result."""

    def record(self, job: Assignment, outcome: Outcome) -> None:
        """Leaves a record of a job that has left none, because its process died."""

    def merge(self, number: int, runs: Sequence[Assignment]) -> Outcome:
        """Records a trial from its replicates and returns its outcome."""

    def copy(self, number: int, params: Mapping[str, Any], twin: int) -> None:
        """Records a trial that has the parameters, and so the result, of an earlier one."""

    def update(self) -> None:
        """Brings the table up to date."""
