"""Shows the progress of a sweep: a live table on a terminal or in a notebook, else log lines."""

import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic
from types import TracebackType
from typing import Any, Self, TextIO

import optuna
from rich.console import Console, Group
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dropout_study.search.budget import Budget
from dropout_study.search.paused import is_paused
from dropout_study.search.study import leaders, states
from dropout_study.sweeper.display.cell import Cell, open_cell
from dropout_study.sweeper.display.status import LEADERS, SweepStatus
from dropout_study.sweeper.outcome import Outcome
from dropout_study.sweeper.settings import SweepSettings
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)

REFRESH_S = 0.25
BAR_WIDTH = 40
EpochsOf = Callable[[Mapping[str, Any]], int | None]
MOST_ROWS = 16  # running trials that are shown one by one


class SweepDisplay:
    """Shows the progress of a sweep. It has no thread: it is drawn when a method is called.

    So the process may fork while it is shown; the child calls ``detach``.

    Args:
        study_name: the study's name.
        n_trials: the number of finished trials at which the sweep ends.
        direction: "maximize" or "minimize"; anything else (several objectives) shows no best trial.
        finished: the number of trials that ended earlier, by state.
        leaders: number and value of the best trials so far, the best first.
        counted: the metric that counts the trials' work, shown per second; None for none.
        paused: the numbers of the trials that wait to be promoted.
        budget: the study's budget, if it has a limit.
        epochs: returns the epochs that a trial of given params will train, if known.
        clock: returns seconds since any fixed time.
    """

    def __init__(
        self,
        study_name: str,
        n_trials: int,
        direction: str,
        finished: Counter[TrialState],
        leaders: Sequence[tuple[int, float]] = (),
        counted: str | None = None,
        paused: Iterable[int] = (),
        budget: Budget | None = None,
        epochs: EpochsOf = lambda _params: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.status = SweepStatus(
            study_name,
            n_trials,
            direction,
            Counter(finished),
            list(leaders),
            counted,
            set(paused),
            budget,
        )
        self._epochs = epochs
        self._clock = clock
        self._began = self._drawn = clock()
        self._live: Live | Cell | None = None
        self._streams: list[tuple[logging.StreamHandler[TextIO], TextIO]] = []

    @classmethod
    def of(
        cls,
        study: optuna.Study,
        settings: SweepSettings,
        counted: str | None,
        budget: Budget,
        epochs: EpochsOf,
    ) -> Self:
        """Returns the display of a sweep that begins or resumes ``study``."""
        single = len(settings.directions) == 1
        return cls(
            study.study_name,
            settings.n_trials,
            settings.directions[0] if single else "",
            states(study, settings.n_trials),
            leaders(study, LEADERS) if single else [],
            counted,
            [trial.number for trial in study.get_trials(deepcopy=False) if is_paused(trial)],
            budget if budget.limit is not None else None,
            epochs,
        )

    def __enter__(self) -> Self:
        console = Console(stderr=True)
        if cell := open_cell():
            self._live = cell
            self._draw()
        elif console.is_terminal and not console.is_dumb_terminal:
            self._live = live = Live(
                self._render(),
                console=console,
                auto_refresh=False,
                redirect_stdout=sys.stdout.isatty(),  # what is printed stands above the table
            )
            live.start(refresh=True)
            self._lift_logs(console)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._draw()
            self._live.stop()
            self._restore_logs()
            self._live = None

    def started(self, number: int, params: Mapping[str, Any]) -> None:
        """Shows that a trial has started."""
        self.status.start(number, params, self._epochs(params))
        self.tick()

    def reported(self, number: int, step: int, value: float) -> None:
        """Shows that a trial has reported ``value`` after epoch ``step``."""
        self.status.report(number, step, value)
        self.tick()

    def promoted(self, number: int, rung: int) -> None:
        """Shows that a paused trial continues."""
        level = logging.DEBUG if self._live else logging.INFO
        log.log(level, "trial %d continues: it is among the best after step %d", number, rung)

    def ended(self, number: int, outcome: Outcome) -> None:
        """Shows that a trial has ended, pauses or was released."""
        self.status.end(number, outcome)
        line = self.status.end_line(number, outcome, self._elapsed())
        if outcome.state is TrialState.FAIL:
            log.warning(line)
        else:
            log.log(logging.DEBUG if self._live else logging.INFO, line)
        self.tick()

    def tick(self) -> None:
        """Draws again if the last drawing is ``REFRESH_S`` old; call it while waiting."""
        if self._live and self._clock() - self._drawn >= REFRESH_S:
            self._draw()

    def detach(self) -> None:
        """Stops writing to the terminal; a forked child must call it first."""
        self._live = None
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if isinstance(stream, FileProxy):
                setattr(sys, name, stream.rich_proxied_file)
        self._restore_logs()

    def _elapsed(self) -> float:
        return self._clock() - self._began

    def _draw(self) -> None:
        assert self._live is not None
        self._drawn = self._clock()
        self._live.update(self._render(), refresh=True)

    def _render(self) -> Group:
        return render(self.status, self._elapsed())

    def _lift_logs(self, console: Console) -> None:
        """Sends log lines of terminal handlers through ``console``, which prints them above."""
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream.isatty():
                self._streams.append((handler, handler.stream))
                handler.setStream(FileProxy(console, handler.stream))

    def _restore_logs(self) -> None:
        for handler, stream in self._streams:
            handler.setStream(stream)
        self._streams.clear()


def render(status: SweepStatus, elapsed: float) -> Group:
    """Returns the live table of a sweep.

    Args:
        status: the state of the sweep.
        elapsed: seconds since this process started the sweep.
    """
    heading = Text(f"{status.study_name}: {status.tally()}", style="bold")
    parts: list[Text | Table] = [heading, Text(status.pace(elapsed))]
    if len(status.leaders) > 1:
        best = (f"{value:.4g} (trial {number})" for number, value in status.leaders)
        parts.append(Text(f"the best so far: {', '.join(best)}"))
    if status.running:
        parts.append(_running_table(status))
    if (hidden := len(status.running) - MOST_ROWS) > 0:
        parts.append(Text(f"and {hidden} more", style="dim"))
    # Last a line that leaves room: the `^C` that a terminal echoes would begin another line.
    parts.append(Text(bar(status.share)))
    return Group(*parts)


def bar(share: float) -> str:
    """Returns a share in [0, 1] as a bar and a percentage."""
    done = int(share * BAR_WIDTH)
    return f"[{'#' * done}{'-' * (BAR_WIDTH - done)}] {share:.0%}"


def _running_table(status: SweepStatus) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", expand=True)
    for name in ("trial", "epoch", "value"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("params", no_wrap=True, overflow="ellipsis", ratio=1)  # is cut first
    for number, trial in sorted(status.running.items())[:MOST_ROWS]:
        value = "-" if trial.value is None else f"{trial.value:.4g}"
        params = "  ".join(f"{key}={_short(v)}" for key, v in trial.params.items())
        table.add_row(str(number), trial.progress, value, Text(params))
    return table


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
