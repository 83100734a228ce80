"""The runs of a confirmation as populations: the same results, in less time."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice

from omegaconf import OmegaConf

from dropout_study.confirmation.runs import Run, end_run, on_all_examples
from dropout_study.data import Splits
from dropout_study.errors import DivergedError
from dropout_study.task.history import HistoryFile
from dropout_study.task.provenance import write_provenance
from dropout_study.task.task import prepare_trial
from dropout_study.training.population import Member, MemberId, MemberResult, train_population
from dropout_study.trial import EpochMetrics, TrialResult

CPU_PLACES = 16
"""Runs at once on a CPU: more are not faster, and an interruption would cost more of them."""
PLACES = 256
"""Runs at once on an accelerator."""


def train_as_population(runs: Sequence[Run]) -> None:
    """Trains the runs side by side, each on train + validation, and records each as it ends.

    Runs of one seed share minibatches and noise, and are stacked where their networks allow it. A
    diverged one is recorded as FAIL.

    Raises:
        Exception: what a run raised, after all others have ended; that run is not recorded.
    """
    for _, group in groupby(sorted(runs, key=_data), key=_data):
        _Confirmation(list(group)).train()


def _data(run: Run) -> str:
    """Returns what runs of one population have in common."""
    return f"{run.config.trainer.device} {OmegaConf.to_yaml(run.config.data, resolve=True)}"


class _Confirmation:
    """The runs on one data set: those to come, and those that train now."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = {f"{run.configuration}, seed {run.seed}": run for run in runs}
        self._waiting = iter(self._runs.items())
        self._histories: dict[MemberId, HistoryFile] = {}
        self._first, self._splits = self._member(*next(self._waiting))

    def train(self) -> None:
        on_cpu = self._splits.train.labels.device.type == "cpu"
        results = train_population(
            [self._first],
            self._splits,
            on_epochs=self._keep_histories,
            on_leave=self._record,
            refill=lambda places: list(self._next(places)),
            capacity=min(CPU_PLACES if on_cpu else PLACES, len(self._runs)),
        )
        for result in results.values():
            if result.error is not None and not isinstance(result.error, DivergedError):
                raise result.error

    def _next(self, places: int) -> Iterator[Member]:
        for name, run in islice(self._waiting, places):
            yield self._member(name, run)[0]

    def _member(self, name: str, run: Run) -> tuple[Member, Splits]:
        setup = on_all_examples(prepare_trial(run.config))
        write_provenance(run.paths, setup.splits, setup.model)
        self._histories[name] = HistoryFile(run.paths.history_csv)
        return Member(name, setup.model, setup.optimizer, setup.settings), setup.splits

    def _keep_histories(self, metrics: Mapping[MemberId, EpochMetrics]) -> list[MemberId]:
        for name, epoch in metrics.items():
            self._histories[name](epoch)
        return list(metrics)

    def _record(self, name: MemberId, result: MemberResult) -> None:
        run = self._runs[str(name)]
        del self._histories[name]
        if result.error is None:
            end_run(run, TrialResult.from_history(result.history, run.seed))
        elif isinstance(result.error, DivergedError):
            end_run(run, result.error)
