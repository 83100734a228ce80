"""The runs of a confirmation as populations: the same results, in less time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby, islice

from omegaconf import OmegaConf

from dropout_study.confirmation.runs import Run, end_run, train_one_by_one
from dropout_study.task.trial import Trial
from dropout_study.training.population import Member, MemberId, MemberResult, train_population
from dropout_study.trial import Metrics

CPU_PLACES = 16
"""Runs at once on a CPU: more are not faster, and an interruption would cost more of them."""
PLACES = 256
"""Runs at once on an accelerator."""


ALONE = ("bfloat16",)
"""Precisions in which a member of a population ends elsewhere than the same run alone: in 7 bits of
mantissa every other order of a sum is another number."""


def train_runs(runs: Sequence[Run]) -> None:
    """Trains the runs so that their numbers are those of each run alone.

    Runs of one data set, device and precision are trained side by side, but for those of a
    precision in ``ALONE``, which are trained in turn. TF32 is a setting of the process: it is
    switched with the group.
    """
    for key, group in groupby(sorted(runs, key=_group), key=_group):
        train = train_one_by_one if key[0] in ALONE else train_as_population
        train(list(group))


def _group(run: Run) -> tuple[str, str, str]:
    """Returns precision, device and data, which runs of one population have in common."""
    trainer = run.config.trainer
    data = OmegaConf.to_yaml(run.config.data, resolve=True)
    return str(trainer.precision), str(trainer.device), data


def train_as_population(runs: Sequence[Run]) -> None:
    """Trains runs of one group side by side; records each as it ends.

    Runs of one seed share minibatches and noise, and are stacked where their networks allow it. One
    that diverges or raises is recorded as FAIL and stops no other.
    """
    _Confirmation(runs).train()


class _Confirmation:
    """The runs on one data set: those to come, and those that train now."""

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
        """Yields the next runs as members; one that cannot be built has ended."""
        for name, run in self._waiting:
            try:
                begun = self._member(name, run)
            except Exception as error:  # whatever a user's network raises
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
