"""Searches on a simulated clock: what a searcher would do in the time that its trials take.

A trial is a list of steps, each with its seconds and the value after it. Nothing waits: workers
are entries of a heap, ordered by the time at which their next step ends.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import inf
from time import process_time
from typing import Any, Protocol

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """A part of a trial: how long it takes, and the value after it."""

    seconds: float
    value: float


Run = Callable[[Params], Sequence[Step]]
"""Returns all steps that a trial of these parameters would have."""


@dataclass(frozen=True)
class Job:
    """What a searcher asks for.

    Attributes:
        params: of the trial.
        key: the searcher's own.
        done: steps that the trial has had, if it was paused and continues.
    """

    params: Params
    key: Any
    done: int = 0


class Searcher(Protocol):
    """Suggests parameters and is told values, as a user of the library would have it."""

    def ask(self) -> Job | None:
        """Returns the next trial, or None if there is none at present."""

    def report(self, job: Job, value: float, step: int) -> bool:
        """Takes the value after a step of a trial of several; returns whether the trial goes on.

        The answer after the last step is ignored.
        """

    def end(self, job: Job, value: float, *, pruned: bool) -> None:
        """Takes the value of a trial that has ended."""


@dataclass(frozen=True)
class Ended:
    """The end of a trial.

    Attributes:
        seconds: on the simulated clock.
        steps: of all trials until then, those that run included.
        value: the trial's value.
        params: its parameters.
        pruned: whether it was stopped, or paused, before its last step.
    """

    seconds: float
    steps: int
    value: float
    params: Params
    pruned: bool


@dataclass
class Simulation:
    """Runs a searcher's trials on workers whose time is simulated.

    Attributes:
        searcher: asked and told.
        run: the steps of a trial.
        workers: trials at a time.
        seconds: the simulation ends at this time; a trial that still runs does not count.
        steps: it ends after so many steps of all trials together.
        waves: whether all workers wait for the slowest one before the searcher is asked again.
        with_overhead: whether the searcher's own seconds pass on the simulated clock, too. One
            process asks, so it does one thing at a time.
        clock: of the searcher's own seconds: by default those of this process's processor.
        overhead: the searcher's own seconds.
    """

    searcher: Searcher
    run: Run
    workers: int
    seconds: float = inf
    steps: int | float = inf
    waves: bool = False
    with_overhead: bool = False
    clock: Callable[[], float] = process_time
    overhead: float = 0.0
    _now: float = 0.0
    _busy: list[tuple[float, int, "_Running"]] = field(default_factory=list)
    _order: Any = field(default_factory=count)

    def ended(self) -> list[Ended]:
        """Runs until the time, the steps or the searcher's trials are over."""
        found: list[Ended] = []
        done = 0
        self._fill()
        while self._busy and done < self.steps:
            now, _, running = heapq.heappop(self._busy)
            if now > self.seconds:
                break
            self._now = max(now, self._now)
            done += 1
            running.done += 1
            if self._goes_on(running):
                self._push(running)
                continue
            job, value = running.job, running.value
            self._timed(self.searcher.end, job, value, pruned=running.left)
            found.append(Ended(now, done, value, job.params, running.left))
            if not (self.waves and self._busy):
                self._fill()
        return found

    def _goes_on(self, running: "_Running") -> bool:
        if len(running.steps) == 1:
            return False
        job, value = running.job, running.value
        return bool(self._timed(self.searcher.report, job, value, running.done)) and running.left

    def _fill(self) -> None:
        """Gives every idle worker a trial."""
        while len(self._busy) < self.workers:
            if (job := self._timed(self.searcher.ask)) is None:
                return
            self._push(_Running(job, self.run(job.params), job.done))

    def _push(self, running: "_Running") -> None:
        end = self._now + running.steps[running.done].seconds
        heapq.heappush(self._busy, (end, next(self._order), running))

    def _timed(self, action: Callable[..., Any], *given: Any, **named: Any) -> Any:
        began = self.clock()
        result = action(*given, **named)
        took = self.clock() - began
        self.overhead += took
        if self.with_overhead:
            self._now += took
        return result


@dataclass
class _Running:
    job: Job
    steps: Sequence[Step]
    done: int = 0

    @property
    def left(self) -> bool:
        """Whether it has steps that have not been run."""
        return self.done < len(self.steps)

    @property
    def value(self) -> float:
        return self.steps[self.done - 1].value
