"""A source of trials without Optuna: a list of them, and a rule that stops some."""

from collections.abc import Callable, Sequence

from hydra.core.utils import JobReturn

from dropout_study.sweeper.source import Assignment

Rule = Callable[[int, list[float]], bool | None]
"""Given a trial's number and what it has reported: False if it is to stop."""


class FakeSource:
    """Gives out ``overrides`` in order and remembers what it is told."""

    def __init__(
        self,
        overrides: Sequence[Sequence[str]],
        rule: Rule = lambda _number, _values: True,
        *,
        stop_after: int | None = None,
    ) -> None:
        self._waiting = [Assignment(n, list(given), {}) for n, given in enumerate(overrides)]
        self._rule = rule
        self._stop_after = stop_after
        self.reports: dict[int, list[float]] = {}
        self.jobs: dict[int, JobReturn] = {}
        self.released: list[int] = []
        self.running: set[int] = set()
        self.most_running = 0

    def ask(self, count: int) -> list[Assignment]:
        assert count >= 1
        given, self._waiting = self._waiting[:count], self._waiting[count:]
        self.running |= {assignment.number for assignment in given}
        self.most_running = max(self.most_running, len(self.running))
        return given

    @property
    def stopping(self) -> bool:
        """Whether a trial has reported as often as the study was to last."""
        last = max(map(len, self.reports.values()), default=0)
        return self._stop_after is not None and last >= self._stop_after

    def abandons(self, assignment: Assignment) -> bool:
        return self.stopping

    def report(self, assignment: Assignment, value: float, step: int) -> bool:
        assert assignment.number in self.running
        values = self.reports.setdefault(assignment.number, [])
        values.append(value)
        assert len(values) == step
        return self._rule(assignment.number, values) is not False and not self.stopping

    def may_continue(self, assignment: Assignment) -> bool:
        return False

    def release(self, assignment: Assignment) -> None:
        self.running.remove(assignment.number)
        self.released.append(assignment.number)

    def tell(self, assignment: Assignment, job: JobReturn) -> None:
        self.running.remove(assignment.number)
        self.jobs[assignment.number] = job
