"""The interface of what writes the files of a sweep's trials."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from dropout_study.sweeper.outcome import Outcome
from dropout_study.sweeper.source import Assignment
from dropout_study.trial import TrialState


class Recorder(Protocol):
    """Writes the trials' files; the sweeper's plugin passes ``results.recorder``."""

    def begin(self, job: Assignment) -> None:
        """Removes the result files of an earlier run of the job."""

    def record(self, job: Assignment, outcome: Outcome) -> None:
        """Writes the record of a job that wrote none because its process died."""

    def merge(self, number: int, runs: Sequence[Assignment]) -> Outcome:
        """Makes a trial's record of its replicates' records and returns the trial's outcome."""

    def copy(self, number: int, params: Mapping[str, Any], twin: int, state: TrialState) -> None:
        """Records a trial with the result of an earlier trial (``twin``) of the same parameters."""

    def update(self) -> None:
        """Brings the table up to date."""
