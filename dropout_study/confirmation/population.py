"""The runs of a confirmation as populations: the same results, in less time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby, islice

from omegaconf import OmegaConf

from dropout_study.confirmation.runs import Run, end_run, train_one_by_one
from dropout_study.data import Splits
from dropout_study.task.history import HistoryFile
from dropout_study.task.provenance import write_provenance
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
        self._histories: dict[MemberId, HistoryFile] = {}
        self._numbers: dict[MemberId, Callable[[Sequence[Metrics]], Metrics]] = {}

    def train(self) -> None:
        first = next(self._begun(), None)
        if first is None:
            return
        member, splits = first
        on_cpu = splits.train.labels.device.type == "cpu"
        train_population(
            [member],
            splits,
            on_epochs=self._keep_histories,
            on_leave=self._record,
            refill=lambda places: [member for member, _ in islice(self._begun(), places)],
            metrics=self._metrics,
            capacity=min(CPU_PLACES if on_cpu else PLACES, len(self._runs)),
        )

    def _begun(self) -> Iterator[tuple[Member, Splits]]:
        """Yields the next runs as members; one that cannot be built has ended."""
        for name, run in self._waiting:
            try:
                begun = self._member(name, run)
            except Exception as error:  # whatever a user's network raises
                end_run(run, error)
            else:
                yield begun

    def _member(self, name: str, run: Run) -> tuple[Member, Splits]:
        setup = run.prepared()
        write_provenance(run.paths, setup.splits, setup.model)
        self._numbers[name] = setup.numbers
        self._metrics = setup.metrics
        self._histories[name] = HistoryFile(run.paths.history_csv)
        return Member(name, setup.model, setup.optimizer, setup.settings), setup.splits

    def _keep_histories(self, metrics: Mapping[MemberId, Metrics]) -> list[MemberId]:
        for name, epoch in metrics.items():
            self._histories[name](epoch)
        return list(metrics)

    def _record(self, name: MemberId, result: MemberResult) -> None:
        run = self._runs[str(name)]
        del self._histories[name]
        error = result.error
        ended = error or self._numbers[name](result.history)
        end_run(run, ended, population=True)
