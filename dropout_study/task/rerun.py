"""Repeats a run from its job directory and compares the numbers."""

import math
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from dropout_study.errors import UserError
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.sweeper.outcome import describe_error
from dropout_study.task.job_files import JobFileError, JobFiles, trained_runs
from dropout_study.task.objectives import trial_objective
from dropout_study.task.recorded import recorded_config
from dropout_study.task.trial import open_trial
from dropout_study.trial import MERGED, Metrics, Objective, TrialState

GROUPS = ("model", "data", "optimizer", "trainer")
TIMES = ("seconds",)
STOPPED = (TrialState.PRUNED, TrialState.PAUSED)
"""States of trials that have ended, for now, before their last epoch."""
ROUNDING = 1e-5  # relative


@dataclass(frozen=True)
class Difference:
    """A recorded value that differs in the repeated run."""

    what: str
    recorded: Any
    now: Any


@dataclass(frozen=True)
class Rerun:
    """How a repeated run compares with the recorded one.

    Attributes:
        name: the run's directory, relative to the study's.
        numbers: metrics and epochs that differ, without times; empty if the run is the same.
        setting: versions, commit, device and data that differ.
        population: whether it was trained in a population. It is repeated alone, so sums may be
            rounded differently.
        error: why the run could not be repeated; empty if it was.
    """

    name: str
    numbers: list[Difference]
    setting: list[Difference]
    population: bool = False
    error: str = ""

    @property
    def same(self) -> bool:
        """Whether the numbers are the same; after a population, up to rounding."""
        if self.error:
            return False
        return not self.numbers or (self.population and all(map(_rounded, self.numbers)))

    @property
    def verdict(self) -> str:
        """The comparison in words."""
        if self.error:
            return "not repeated"
        if not self.numbers:
            return "same"
        alone = " (it was trained in a population, and again alone)" if self.population else ""
        return f"{'same up to rounding' if self.same else 'different'}{alone}"


def rerun_trial(study: Path, number: int, keep: Path | None = None) -> Iterator[Rerun]:
    """Repeats a trial, or each of its replicates, and yields how each compares.

    A pruned trial is repeated up to the epoch at which it was stopped.

    Args:
        study: directory of the study.
        number: the trial's number.
        keep: directory for the files of the repeated runs; None to remove them.

    Raises:
        UserError: there is no such trial, it has not ended, or it is not of this package's task.
    """
    paths = StudyPaths(study)
    if not study.is_dir():
        raise UserError(f"{study} is no directory; give the directory of a study or of one run")
    if not paths.job(number).root.is_dir():
        known = ", ".join(map(str, paths.numbers()))
        raise UserError(
            f"{study} has no trial {number}" + (f"; there is: {known}" if known else "")
        )
    _record(paths.job(number), f"trial {number}")
    for job in trained_runs(paths, number):
        name = str(job.root.relative_to(study))
        own = _record(job, f"trial {name}")
        where = tempfile.TemporaryDirectory() if keep is None else nullcontext(str(keep / name))
        with where as directory:
            yield _compare(name, job, own, JobPaths(Path(directory)))


def rerun_run(run: Path, keep: Path | None = None) -> Rerun:
    """Repeats a single run, or a run of a confirmation, and returns how it compares.

    Args:
        run: its directory, with ``metrics.json`` and ``.hydra``.
        keep: directory for the files of the repeated run; None to remove them.

    Raises:
        UserError: ``run`` is not the directory of a finished run of this package's task.
    """
    job = JobPaths(run)
    if not job.config_yaml.is_file() and run.is_dir() and StudyPaths(run).numbers():
        raise UserError(f"{run} is a study; give the number of a trial, too")
    record = _record(job, f"the run in {run}")
    where = tempfile.TemporaryDirectory() if keep is None else nullcontext(str(keep))
    with where as directory:
        return _compare(str(run), job, record, JobPaths(Path(directory)))


def _record(job: JobPaths, name: str) -> dict[str, Any]:
    try:
        return JobFiles(job).metrics()
    except JobFileError as error:
        if error.missing:
            raise UserError(f"{name} has not ended: {error}") from error
        raise


def _config(job: JobPaths) -> DictConfig:
    try:
        config = recorded_config(JobFiles(job))
    except JobFileError as error:
        if error.missing:
            raise UserError(f"{error}: the run cannot be repeated") from error
        raise
    if any(group not in config for group in GROUPS):
        raise UserError(
            f"{job.root} is not a run of dropout-study: its configuration lacks one of "
            f"{', '.join(GROUPS)}; repeat another application's run by its own command"
        )
    return config


def _compare(name: str, job: JobPaths, record: Mapping[str, Any], again: JobPaths) -> Rerun:
    config = _config(job)
    files, threads = JobFiles(job), torch.get_num_threads()
    before, epochs = files.provenance(default={}), _epochs(job)
    torch.set_num_threads(files.threads() or threads)  # sums depend on their order
    try:
        now = _run(config, again, record, _objective(job))
    finally:
        torch.set_num_threads(threads)
    after = JobFiles(again).provenance(default={})  # none if the run could not begin
    setting = _differences(_flat(before), _flat(after)) if before and after else []
    if now["state"] == TrialState.FAIL != record["state"]:
        return Rerun(name, [], setting, error=now["error"])
    same_state = now["state"] == record["state"]
    both = [key for key in now if key in record] if same_state else ["state", "error"]
    numbers = _differences({key: record.get(key) for key in both}, {key: now[key] for key in both})
    if same_state:
        numbers += _differences(epochs, _epochs(again))
    return Rerun(name, numbers, setting, _in_population(job, record))


def _in_population(job: JobPaths, record: Mapping[str, Any]) -> bool:
    if _in_confirmation(record):
        return bool(record.get("population", True))
    recorded = OmegaConf.create(JobFiles(job).hydra(default={}))
    target = OmegaConf.select(recorded, "hydra.launcher._target_")
    return str(target).endswith("PopulationLauncher")


def _in_confirmation(record: Mapping[str, Any]) -> bool:
    """Returns whether the run belongs to a confirmation."""
    return "configuration" in record and "trial" not in record


def _objective(job: JobPaths) -> Objective:
    """Returns what the trial was judged by, from its own record or from Hydra's."""
    files = JobFiles(job)
    recorded = files.hydra(default={})
    known = files.objective()
    return known or (trial_objective(OmegaConf.create(recorded)) if recorded else Objective())


def _run(
    config: DictConfig, paths: JobPaths, record: Mapping[str, Any], objective: Objective
) -> Metrics:
    """Trains as recorded and returns the new record, without times."""
    stopped = record["state"] if record["state"] in STOPPED else TrialState.PRUNED
    last = record.get("epochs_run") if record["state"] in STOPPED else None
    paths.root.mkdir(parents=True, exist_ok=True)
    try:
        merged = _in_confirmation(record) and record.get("trained_on", MERGED) == MERGED
        config.trainer.resume = "off"
        opened = open_trial(config, paths.root, objective=objective, all_examples=merged)
        with opened as trial:
            numbers = trial.train(lambda row: row["epoch"] != last)
    except Exception as error:  # a failed run is compared by its error
        return {"state": str(TrialState.FAIL), "error": describe_error(error)}
    state = TrialState.COMPLETE if trial.has_ended(numbers["epochs_run"]) else stopped
    kept = {name: number for name, number in numbers.items() if name not in TIMES}
    return {"state": str(state), "error": "", **kept}


def _epochs(paths: JobPaths) -> dict[str, Any]:
    """Returns the learning curves with keys like "epoch 3 val_loss"."""
    rows = JobFiles(paths).history() if paths.history_csv.is_file() else []
    return {
        f"epoch {row['epoch']:.0f} {name}": value
        for row in rows
        for name, value in row.items()
        if name not in TIMES
    }


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in facts.items():
        name = f"{prefix}{key}"
        flat.update(_flat(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return flat


def _differences(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    return [
        Difference(name, recorded.get(name), now.get(name))
        for name in dict.fromkeys([*recorded, *now])
        if not _same(recorded.get(name), now.get(name))
    ]


def _rounded(difference: Difference) -> bool:
    pair = difference.recorded, difference.now
    return all(isinstance(x, float) for x in pair) and math.isclose(*pair, rel_tol=ROUNDING)


def _same(one: Any, other: Any) -> bool:
    both_nan = all(isinstance(x, float) and math.isnan(x) for x in (one, other))
    return both_nan or one == other
