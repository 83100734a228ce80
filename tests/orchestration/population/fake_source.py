"""A source of trials without Optuna: a list of them, and a rule that stops some."""

from collections.abc import Callable, Sequence

from hydra.core.utils import JobReturn

from dropout_study.orchestration.source import Assignment, StopReason

Rule = Callable[[int, list[float]], StopReason | None]
"""Given a trial's number and what it has reported: why it is to stop now, or None."""


class FakeSource:
    """Gives out ``overrides`` in order and remembers what it is told."""

    def __init__(
        self, overrides: Sequence[Sequence[str]], rule: Rule = lambda _number, _values: None
    ) -> None:
        self._waiting = [Assignment(n, list(given), {}) for n, given in enumerate(overrides)]
        self._rule = rule
        self.reports: dict[int, list[float]] = {}
        self.jobs: dict[int, JobReturn] = {}
        self.released: list[int] = []
        self.running: set[int] = set()
        self.most_running = 0

    def ask(self, places: int) -> list[Assignment]:
        assert places >= 1
        given, self._waiting = self._waiting[:places], self._waiting[places:]
        self.running |= {assignment.number for assignment in given}
        self.most_running = max(self.most_running, len(self.running))
        return given

    def report(self, number: int, value: float, step: int) -> bool:
        assert number in self.running
        values = self.reports.setdefault(number, [])
        values.append(value)
        assert len(values) == step
        return self._rule(number, values) is None

    def stop_reason(self, number: int) -> StopReason:
        reason = self._rule(number, self.reports[number])
        assert reason is not None
        return reason

    def release(self, number: int) -> None:
        self.running.remove(number)
        self.released.append(number)

    def tell(self, number: int, job: JobReturn) -> None:
        self.running.remove(number)
        self.jobs[number] = job
