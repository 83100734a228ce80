"""Trains jobs of one group together as a population; when one leaves, the next one joins."""

import logging
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from dropout_study.launch.form import MemberTask
from dropout_study.training.metrics import DEFAULT_METRICS
from dropout_study.training.population.capacity import capacity_for
from dropout_study.training.population.engine import train_population
from dropout_study.training.population.member import Member, MemberId, MemberResult
from dropout_study.trial import Metrics

log = logging.getLogger(__name__)


class Job(Protocol):
    """A job that begins, is trained beside others, and ends."""

    @property
    def name(self) -> MemberId:
        """Its name, which no other job has."""

    def group(self) -> Hashable:
        """Returns what jobs must have in common to be trained together."""

    def begin(self) -> MemberTask | None:
        """Returns what is trained; None if the job has failed and ended at once."""

    def goes_on(self, metrics: Metrics) -> bool:
        """Takes the numbers of an epoch; returns whether another one is to be trained."""

    def end(self, result: MemberResult) -> None:
        """Takes how the job has left its population."""

    def close(self) -> None:
        """Closes what the job has opened. It does not end; it can be run again."""


J = TypeVar("J", bound=Job)


class Population(Generic[J]):
    """The jobs in training, and those that wait because they are of another group.

    Args:
        ask: returns up to as many jobs as it is asked for; none if there is nothing to do.
        capacity: jobs in training or waiting; None for a number that suits the device.
        stopping: returns whether no further job is to begin.
    """

    def __init__(
        self,
        ask: Callable[[int], Iterable[J]],
        capacity: int | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._ask = ask
        self._capacity = capacity
        self._stopping = stopping
        self._waiting: dict[Hashable, deque[J]] = {}
        self._training: dict[MemberId, J] = {}

    def train(self) -> list[J]:
        """Trains one group of jobs after the other until none is left.

        Returns:
            The jobs that have not begun, because the others are stopping.
        """
        try:
            while (group := self._next_group()) is not None:
                self._train_group(group)
            return [job for jobs in self._waiting.values() for job in jobs]
        finally:
            for job in self._training.values():  # after Ctrl-C: they can be run again
                job.close()

    def _next_group(self) -> Hashable | None:
        if self._stopping():
            return None
        if not self._waiting:
            self._receive(1)
        return next(iter(self._waiting), None)

    def _train_group(self, group: Hashable) -> None:
        """Trains the jobs of ``group``, also new ones; jobs of other groups wait."""
        first = next(self._begun(group, 1), None)
        if first is None:
            return
        task, member = first
        if self._capacity is None:
            self._capacity = capacity_for(member, task.splits.train.labels.device)
            log.info("training up to %d jobs at once", self._capacity)
        train_population(
            [member],
            task.splits,
            on_epochs=self._on_epochs,
            on_leave=lambda name, result: self._training.pop(name).end(result),
            refill=lambda count: [member for _, member in self._begun(group, count)],
            capacity=self._capacity,
            metrics=task.metrics or DEFAULT_METRICS,
        )

    def _begun(self, group: Hashable, count: int) -> Iterator[tuple[MemberTask, Member]]:
        """Begins up to ``count`` jobs of ``group``; one that fails at once is not counted."""
        while count and (job := self._next_job(group, count)):
            task = job.begin()
            if task is not None:
                count -= 1
                self._training[job.name] = job
                parts = (task.model, task.optimizer, task.settings)
                yield task, Member(job.name, *parts, task.history, task.measuring)

    def _next_job(self, group: Hashable, count: int) -> J | None:
        """Returns a waiting job of ``group``, or one of those that can be had now."""
        waiting = sum(map(len, self._waiting.values()))
        if group not in self._waiting and count > waiting:
            self._receive(count - waiting)
        if group not in self._waiting or self._stopping():
            return None
        job = self._waiting[group].popleft()
        if not self._waiting[group]:
            del self._waiting[group]
        return job

    def _receive(self, count: int) -> None:
        for job in self._ask(count):
            group: Hashable = job.name  # if it cannot name its group, it fails as it begins
            with suppress(Exception):
                group = job.group()
            self._waiting.setdefault(group, deque()).append(job)

    def _on_epochs(self, metrics: Mapping[MemberId, Metrics]) -> Collection[MemberId]:
        """Tells the jobs in the order in which they have begun, whatever their buckets are."""
        told = [(name, job) for name, job in self._training.items() if name in metrics]
        return [name for name, job in told if job.goes_on(metrics[name])]
