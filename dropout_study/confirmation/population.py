"""Trains the runs of a confirmation as populations, which takes less time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby, islice

from omegaconf import OmegaConf

from dropout_study.confirmation.runs import Run, end_run, train_one_by_one
from dropout_study.task.trial import Trial
from dropout_study.training.population import Member, MemberId, MemberResult, train_population
from dropout_study.trial import Metrics

CPU_PLACES = 16
"""Runs at once on a CPU. More are not faster, and an interruption would lose more of them."""
PLACES = 256
"""Runs at once on an accelerator."""


ALONE = ("bfloat16",)
"""Precisions in which a member of a population gets other results than the same run alone. A
mantissa of 7 bits makes the result of a sum depend strongly on its order."""


def train_runs(runs: Sequence[Run]) -> None:
    """Trains the runs so that each gets the numbers of a run alone, up to rounding.

    Runs with the same data, device and precision are trained as a population. Runs with a precision
    in ``ALONE`` are trained one after the other. TF32 is a setting of the process and is set for
    each group.
    """
    for key, group in groupby(sorted(runs, key=_group), key=_group):
        train = train_one_by_one if key[0] in ALONE else train_as_population
        train(list(group))


def _group(run: Run) -> tuple[str, str, str]:
    """Returns precision, device and data, which are equal for all runs of one population."""
    trainer = run.config.trainer
    data = OmegaConf.to_yaml(run.config.data, resolve=True)
    return str(trainer.precision), str(trainer.device), data


def train_as_population(runs: Sequence[Run]) -> None:
    """Trains the runs of one group as a population, and records each run when it ends.

    Runs with the same seed share minibatches and noise, and are stacked if their networks allow it.
    A run that diverges or raises is recorded as FAIL. The other runs go on.
    """
    _Confirmation(runs).train()


class _Confirmation:
    """The runs of one group: those that wait, and those that are being trained."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = {f"{run.configuration}, seed {run.seed}": run for run in runs}
        self._waiting = iter(self._runs.items())
        self._trials: dict[MemberId, Trial] = {}
        self._opened: dict[MemberId, ExitStack] = {}

    def train(self) -> None:
        first = next(self._begun(), None)
        if first is None:
            return
        trial = self._trials[first.id]
        on_cpu = trial.splits.train.labels.device.type == "cpu"
        train_population(
            [first],
            trial.splits,
            on_epochs=self._tell,
            on_leave=self._record,
            refill=lambda places: list(islice(self._begun(), places)),
            metrics=trial.metrics,
            capacity=min(CPU_PLACES if on_cpu else PLACES, len(self._runs)),
        )

    def _begun(self) -> Iterator[Member]:
        """Yields the next runs as members. A run that cannot be built is recorded as failed."""
        for name, run in self._waiting:
            try:
                begun = self._member(name, run)
            except Exception as error:  # a user's network may raise any exception
                end_run(run, error)
            else:
                yield begun

    def _member(self, name: str, run: Run) -> Member:
        with ExitStack() as opened:
            trial = opened.enter_context(run.opened())
            self._trials[name], self._opened[name] = trial, opened.pop_all()
        return Member(name, trial.model, trial.optimizer, trial.settings)

    def _tell(self, metrics: Mapping[MemberId, Metrics]) -> list[MemberId]:
        return [name for name, row in metrics.items() if self._trials[name].on_epoch(row)]

    def _record(self, name: MemberId, result: MemberResult) -> None:
        trial = self._trials.pop(name)
        self._opened.pop(name).close()
        ended = result.error or trial.numbers(result.history)
        end_run(self._runs[str(name)], ended, population=True)
