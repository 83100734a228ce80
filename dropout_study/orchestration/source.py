"""Where a launcher that keeps its places filled gets trials from, and whom it tells of their ends.

The sweeper is the source; a launcher that has ``launch_from(source)`` is used without a barrier.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from hydra.core.utils import JobReturn


@dataclass(frozen=True)
class Assignment:
    """A trial to run.

    Attributes:
        number: the trial's number, also ``hydra.job.num`` of its job.
        overrides: of its job.
        params: dotted key -> value, for messages.
    """

    number: int
    overrides: list[str]
    params: dict[str, Any]


class StopReason(StrEnum):
    """Why a running trial is to end now."""

    PRUNED = "pruned"  # its job ends with ``TrialPruned``
    STOPPING = "stopping"  # the study stops: the trial leaves, is released and stays resumable


class TrialSource(Protocol):
    """Gives out trials and takes back how they went."""

    def ask(self, places: int) -> list[Assignment]:
        """Returns up to ``places`` new trials; none if none are left for now."""

    def report(self, number: int, value: float, step: int) -> bool:
        """Records the objective after epoch ``step``; False if the trial is to stop now."""

    def stop_reason(self, number: int) -> StopReason:
        """Returns why ``report`` has told the trial to stop."""

    def release(self, number: int) -> None:
        """Takes back a trial that has left unfinished because the study stops."""

    def tell(self, number: int, job: JobReturn) -> None:
        """Records how a trial's job has ended."""
