"""The runs of a confirmation: each is trained once and writes its result to its directory."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from math import isfinite
from time import monotonic
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.text import Text

from dropout_study.confirmation.plan import Plan
from dropout_study.errors import DivergedError
from dropout_study.files import atomic_write
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.sweeper.display.cell import open_cell
from dropout_study.sweeper.display.live import bar
from dropout_study.sweeper.outcome import describe_error
from dropout_study.task.job_files import JobFileError, JobFiles
from dropout_study.task.trial import Trial, open_trial
from dropout_study.trial import MERGED, VAL_ACCURACY, Metrics, Objective, TrialState

log = logging.getLogger(__name__)


class Pace:
    """Counts the runs that have ended and tells the time that is left.

    Args:
        total: the number of runs to train.
        clock: returns seconds since any fixed time.
    """

    def __init__(self, total: int, clock: Callable[[], float] = monotonic) -> None:
        self._total, self._clock = total, clock
        self._began, self._ended = clock(), 0
        self._cell = open_cell() if total else None

    def ended(self) -> str:
        """Counts a run; returns how many have ended and about how long the others take."""
        self._ended += 1
        elapsed = self._clock() - self._began
        left = elapsed / self._ended * max(0, self._total - self._ended)
        told = f"{self._ended}/{self._total} runs"
        told += f", about {timedelta(seconds=round(left))} left" if left else ""
        if self._cell:
            self._cell.update(Text(f"{bar(self._ended / self._total)}  {told}"), refresh=not left)
        return told


@dataclass(frozen=True)
class Run:
    """One configuration with one seed.

    Attributes:
        configuration: the name of the configuration.
        seed: the seed of the run.
        config: the configuration of the run.
        paths: the paths of its directory.
        trained_on: "train + validation", or "train" as in the study.
        objective: what the study's trials are judged by.
        pace: counts the runs of its confirmation, if it is trained in one.
    """

    configuration: str
    seed: int
    config: DictConfig
    paths: JobPaths
    trained_on: str = MERGED
    objective: Objective = VAL_ACCURACY
    pace: Pace | None = field(default=None, compare=False, repr=False)

    def opened(self) -> AbstractContextManager[Trial]:
        """Returns the trial of this run, which opens as a context. It saves no weights.

        Raises:
            UserError: the trial cannot be built.
        """
        config = self.config.copy()
        config.tracker, config.trainer.checkpoint = None, "none"
        if config.trainer.get("resume") == "keep":
            config.trainer.resume = "epochs"
        merged = self.trained_on == MERGED
        return open_trial(config, self.paths.root, objective=self.objective, all_examples=merged)


TrainRuns = Callable[[Sequence[Run]], None]
"""Trains runs, one by one or as a population, and calls ``end_run`` for each when it ends."""


def planned_runs(
    plan: Plan, study: StudyPaths, *, merge: bool = True, objective: Objective = VAL_ACCURACY
) -> list[Run]:
    """Returns every run of ``plan``, seed by seed, so that the finished runs are always pairs.

    Args:
        plan: the configurations and their seeds.
        study: the paths of the study, in whose directory the runs are written.
        merge: whether the runs are trained on the validation examples too.
        objective: what the study's trials are judged by.
    """
    runs: list[Run] = []
    for position in range(len(plan.configurations[0].seeds)):
        for configuration in plan.configurations:
            seed = configuration.seeds[position]
            config = configuration.config.copy()
            config.trainer.seed = seed
            job = JobPaths(study.confirmation_dir / configuration.name / str(seed))
            trained_on = MERGED if merge else "train"
            runs.append(Run(configuration.name, seed, config, job, trained_on, objective))
    return runs


def train_one_by_one(runs: Sequence[Run]) -> None:
    """Trains the runs one after the other, and records each run when it ends.

    A run that diverges or raises is recorded as FAIL. The other runs go on.
    """
    for run in runs:
        try:
            with run.opened() as trial:
                result = trial.train()
            end_run(run, result)
        except Exception as error:  # a user's network may raise any exception
            end_run(run, error)


def end_run(run: Run, result: Metrics | Exception, *, population: bool = False) -> None:
    """Records and logs how a run has ended: with a result, diverged, or with an error.

    Args:
        run: the run that was trained.
        result: its metrics, or the exception that it raised.
        population: whether it was trained in a population, which may round its sums differently.
    """
    if isinstance(result, Exception):
        told = describe_error(result)
        diverged = isinstance(result, DivergedError)
        write_run(run, {"state": str(TrialState.FAIL), "error": told, "diverged": diverged})
    else:
        ended = {"state": str(TrialState.COMPLETE), "error": "", "population": population}
        write_run(run, {**result, **ended})
        told = ", ".join(f"{name} {result[name]:.4f}" for name in result if name.startswith("test"))
    pace = f" [{run.pace.ended()}]" if run.pace else ""
    log.info("%s, seed %d: %s%s", run.configuration, run.seed, told, pace)


def write_run(run: Run, row: dict[str, Any]) -> None:
    """Writes the configuration of a run, then its result. Each file is whole or absent."""
    with atomic_write(run.paths.config_yaml) as temporary:
        temporary.write_text(OmegaConf.to_yaml(run.config), encoding="utf-8")
    named = {name: getattr(run, name) for name in ("configuration", "seed", "trained_on")}
    record = {**named, **row}
    JobFiles(run.paths).write_metrics(record)


def read_run(run: Run) -> dict[str, Any] | None:
    """Returns the record of a run; None without one that is usable and of this configuration."""
    files = JobFiles(run.paths)
    try:
        recorded = OmegaConf.create(files.config())
        record = files.metrics()
    except JobFileError:
        return None
    same = OmegaConf.to_yaml(recorded) == OmegaConf.to_yaml(run.config)
    usable = all(_is_result(name, value) for name, value in record.items())
    if not (same and usable and record.get("trained_on", MERGED) == run.trained_on):
        return None
    return {**record, "configuration": run.configuration, "seed": run.seed}


def _is_result(name: str, value: Any) -> bool:
    """Returns whether a value can be a test metric, if that is what its name says."""
    if not name.startswith("test_") or value is None:
        return True
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and (0 <= value <= 1 if name.endswith("accuracy") else isfinite(value))


def is_settled(record: Mapping[str, Any] | None) -> bool:
    """Returns whether a run is not trained again, because it has a result or diverged.

    A run that raised another error is trained again, because the cause may be gone.
    """
    return record is not None and (
        record["state"] != TrialState.FAIL or bool(record.get("diverged", True))
    )


def read_runs(runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    """Yields the records of the runs that have one."""
    for run in runs:
        record = read_run(run)
        if record is not None:
            yield record
