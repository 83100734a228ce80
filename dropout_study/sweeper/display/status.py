"""The state of a sweep, in numbers and in words; ``live`` shows it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from dropout_study.search.budget import Budget
from dropout_study.sweeper.outcome import Outcome, number_of
from dropout_study.trial import TrialState

ENDS = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}

LEADERS = 3
"""The best trials that are shown."""


@dataclass
class RunningTrial:
    """A running trial: its params, the epochs it will train (if known), and its last report."""

    params: Mapping[str, Any]
    epochs: int | None = None
    step: int | None = None
    value: float | None = None

    @property
    def share(self) -> float:
        """The part of its epochs that is done, as far as known."""
        return min(1.0, (self.step or 0) / self.epochs) if self.epochs else 0.0

    @property
    def progress(self) -> str:
        """The last epoch and the total: "4/20", "4", or "-" before the first report."""
        done = "-" if self.step is None else str(self.step)
        return done if self.epochs is None else f"{done}/{self.epochs}"


@dataclass
class SweepStatus:
    """The counts of a sweep's trials, and its best one.

    Args:
        study_name: the study's name.
        n_trials: the number of finished trials at which the sweep ends.
        direction: "maximize" or "minimize"; anything else (several objectives) has no best trial.
        finished: the number of trials that ended earlier, by state.
        leaders: number and value of the best trials so far, the best first.
        counted: the metric that counts the trials' work; None for none.
        paused: the numbers of the trials that wait to be promoted.
        budget: the study's budget, if it has a limit.
    """

    study_name: str
    n_trials: int
    direction: str
    finished: Counter[TrialState]
    leaders: list[tuple[int, float]] = field(default_factory=list)
    counted: str | None = None
    paused: set[int] = field(default_factory=set)
    budget: Budget | None = None
    running: dict[int, RunningTrial] = field(default_factory=dict)
    ended_here: int = 0
    count: float = 0

    def __post_init__(self) -> None:
        self._used_before, self._paused_before = self._used, len(self.paused)

    @property
    def n_finished(self) -> int:
        """How many trials have ended, in any state."""
        return sum(self.finished[state] for state in ENDS)

    @property
    def share(self) -> float:
        """The part of the sweep that is done, epochs of running trials included."""
        running = (trial.share for trial in self.running.values())
        return min(1.0, (self.n_finished + sum(running)) / max(1, self.n_trials))

    def start(self, number: int, params: Mapping[str, Any], epochs: int | None) -> None:
        """Notes that a trial runs."""
        self.paused.discard(number)
        self.running[number] = RunningTrial(params, epochs)

    def report(self, number: int, step: int, value: float) -> None:
        """Notes what a running trial reported."""
        if number in self.running:
            self.running[number].step = step
            self.running[number].value = value

    def end(self, number: int, outcome: Outcome) -> None:
        """Notes that a trial ended."""
        state, value = outcome.state, outcome.value
        self.running.pop(number, None)
        self.paused.discard(number)
        if state is TrialState.PAUSED:
            self.paused.add(number)
        if state not in ENDS:
            return  # it continues later
        self.finished[state] += 1
        self.ended_here += 1
        work = outcome.metrics.get(self.counted) if self.counted else None
        self.count += number_of(work) or 0
        if state is TrialState.COMPLETE and value is not None:
            self._rank(number, value)

    def _rank(self, number: int, value: float) -> None:
        """Keeps the best trials; of equal ones, as in the table, that of the lower number."""
        if self.direction not in ("maximize", "minimize"):
            return
        sign = -1 if self.direction == "maximize" else 1
        found = [*self.leaders, (number, value)]
        self.leaders = sorted(found, key=lambda each: (sign * each[1], each[0]))[:LEADERS]

    @property
    def best(self) -> tuple[int, float] | None:
        """Number and value of the best trial; None if there is none."""
        return self.leaders[0] if self.leaders else None

    def tally(self) -> str:
        """Returns how many trials have ended and how, how many wait, and the best so far."""
        ends = ", ".join(f"{self.finished[s]} {word}" for s, word in ENDS.items())
        paused = f", {len(self.paused)} paused" if self.paused else ""
        epochs = f"; {self._used}/{self.budget.limit} epochs" if self.budget else ""
        best = f"; best {self.best[1]:.4g} (trial {self.best[0]})" if self.best else ""
        return f"{self.n_finished}/{self.n_trials} finished: {ends}{paused}{epochs}{best}"

    @property
    def _used(self) -> int:
        return self.budget.used() if self.budget else 0

    def pace(self, elapsed: float) -> str:
        """Returns speed and times, as far as known.

        Args:
            elapsed: seconds since this process started the sweep.
        """
        parts = []
        if self.ended_here and elapsed > 0:
            parts.append(f"{60 * self.ended_here / elapsed:.1f} trials/min")
        if self.count and elapsed > 0:
            parts.append(f"{self.count / elapsed:,.0f} {self.counted}/s")
        parts.append(f"{_clock(elapsed)} elapsed")
        left = self.seconds_left(elapsed)
        if left is not None:
            parts.append(f"about {_clock(left)} left")
        return ", ".join(parts)

    def seconds_left(self, elapsed: float) -> float | None:
        """Returns the time for the remaining trials, or epochs, at the pace so far.

        A paused trial counts as one that has ended. None if the time is not known.
        """
        paused = len(self.paused)
        done = self.ended_here + paused - self._paused_before
        left = [(self.n_trials - self.n_finished - paused, done)]
        if self.budget and self.budget.limit:
            left += [(self.budget.limit - self._used, self._used - self._used_before)]
        paces = [max(0, rest) * elapsed / done for rest, done in left if done > 0]
        return min(paces, default=None)

    def end_line(self, number: int, outcome: Outcome, elapsed: float) -> str:
        """Returns a trial's end as one line of a log."""
        told = "" if outcome.value is None else f", value {outcome.value:.4g}"
        reason = f": {outcome.error}" if outcome.error else ""
        word = (ENDS | {TrialState.PAUSED: "paused"}).get(outcome.state, "released, to be resumed")
        return f"trial {number} {word}{told}{reason} [{self.tally()}; {self.pace(elapsed)}]"


def _clock(seconds: float) -> str:
    """Returns a time as h:mm:ss."""
    return str(timedelta(seconds=round(seconds)))
