"""A trial repeated from what its job directory records: are its numbers the same?"""

import csv
import json
import math
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

from dropout_study.errors import UserError
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.sweep.outcome import describe_error
from dropout_study.task.task import prepare_trial, train_trial
from dropout_study.trial import EpochMetrics, TrialResult, TrialState

GROUPS = ("model", "data", "optimizer", "trainer")
TIMES = ("seconds",)
ROUNDING = 1e-5  # relative
NUMBERS = [f.name for f in fields(TrialResult) if f.name not in TIMES]
COLUMNS = [f.name for f in fields(EpochMetrics) if f.name not in TIMES]


@dataclass(frozen=True)
class Difference:
    """Something that is not what it was."""

    what: str
    recorded: Any
    now: Any


@dataclass(frozen=True)
class Rerun:
    """How a repeated run compares with the recorded one.

    Attributes:
        name: of the run, as its directory within the study's.
        numbers: metrics and epochs that differ, times aside; none if the run is the same.
        setting: versions, commit, device and data that differ.
        population: whether it was trained in a population; it is repeated alone, and what adds up
            the same numbers in another order may round differently.
    """

    name: str
    numbers: list[Difference]
    setting: list[Difference]
    population: bool = False

    @property
    def same(self) -> bool:
        """Whether the numbers are the same; of a population's, up to rounding."""
        return not self.numbers or (self.population and all(map(_rounded, self.numbers)))

    @property
    def verdict(self) -> str:
        """The comparison in words."""
        if not self.numbers:
            return "same"
        alone = " (it was trained in a population, and again alone)" if self.population else ""
        return f"{'same up to rounding' if self.same else 'different'}{alone}"


def rerun_trial(study: Path, number: int, keep: Path | None = None) -> Iterator[Rerun]:
    """Repeats a trial, or each of its replicates, and yields how each compares.

    A pruned trial is repeated up to the epoch at which it was stopped.

    Args:
        study: directory of the study.
        number: of the trial.
        keep: where the repeated runs' files are left; None: nowhere.

    Raises:
        UserError: there is no such trial, it has not ended, or it is not of this package's task.
    """
    paths = StudyPaths(study)
    if not paths.job(number).root.is_dir():
        known = ", ".join(map(str, paths.numbers())) if study.is_dir() else ""
        raise UserError(
            f"{study} has no trial {number}" + (f"; there is: {known}" if known else "")
        )
    record = _record(paths.job(number), number)
    source = record.get("duplicate_of")  # it was not trained: an earlier trial has its parameters
    number = number if source is None else int(source)
    runs = [job for _, job in paths.replicates(number)] or [paths.job(number)]
    for job in runs:
        name = str(job.root.relative_to(study))
        own = record if job.root == paths.job(number).root else _record(job, number)
        where = tempfile.TemporaryDirectory() if keep is None else nullcontext(str(keep / name))
        with where as directory:
            yield _compare(name, job, own, JobPaths(Path(directory)))


def _record(job: JobPaths, number: int) -> dict[str, Any]:
    try:
        record = json.loads(job.metrics_json.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"trial {number} has not ended: {job.metrics_json} is missing") from error
    except ValueError as error:
        raise UserError(f"{job.metrics_json} is damaged: {error}") from error
    if not isinstance(record, dict) or "state" not in record:
        raise UserError(f"{job.metrics_json} is damaged: it has no state of a trial")
    return record


def _config(job: JobPaths) -> DictConfig:
    try:
        config = OmegaConf.load(job.config_yaml)
    except FileNotFoundError as error:
        raise UserError(f"{job.config_yaml} is missing: the run cannot be repeated") from error
    except (YAMLError, ValueError) as error:
        raise UserError(f"{job.config_yaml} is damaged: {' '.join(str(error).split())}") from error
    if not isinstance(config, DictConfig) or any(group not in config for group in GROUPS):
        raise UserError(
            f"{job.root} is no run of dropout-study, whose configuration has {', '.join(GROUPS)}; "
            "run another application's task by its own command"
        )
    return config


def _compare(name: str, job: JobPaths, record: Mapping[str, Any], again: JobPaths) -> Rerun:
    config = _config(job)
    before, threads = _json(job.provenance_json), torch.get_num_threads()
    torch.set_num_threads(_recorded_threads(before) or threads)  # sums depend on their order
    try:
        now = _run(config, again, record)
    finally:
        torch.set_num_threads(threads)
    numbers = [
        *_differences({key: record.get(key) for key in now}, now),
        *_differences(_epochs(job), _epochs(again)),
    ]
    setting = _differences(_flat(before), _flat(_json(again.provenance_json))) if before else []
    return Rerun(name, numbers, setting, _in_population(job))


def _in_population(job: JobPaths) -> bool:
    try:
        recorded = OmegaConf.load(job.hydra_yaml)
    except (OSError, YAMLError, ValueError):
        return False
    target = OmegaConf.select(recorded, "hydra.launcher._target_")
    return str(target).endswith("PopulationLauncher")


def _run(config: DictConfig, paths: JobPaths, record: Mapping[str, Any]) -> dict[str, Any]:
    """Trains as recorded and returns what a record would say, its times aside."""
    pruned = record["state"] == TrialState.PRUNED
    last = record.get("epochs_run") if pruned else None
    paths.root.mkdir(parents=True, exist_ok=True)
    try:
        setup = prepare_trial(config)
        result = train_trial(setup, paths.root, lambda metrics: metrics.epoch != last)
    except Exception as error:  # whatever a run fails with, is what it is compared by
        return {"state": str(TrialState.FAIL), "error": describe_error(error)}
    state = TrialState.PRUNED if result.epochs_run != setup.settings.epochs else TrialState.COMPLETE
    metrics = result.as_dict()
    return {"state": str(state), "error": "", **{name: metrics[name] for name in NUMBERS}}


def _epochs(paths: JobPaths) -> dict[str, Any]:
    """Returns the learning curve by "epoch 3 val_loss"."""
    if not paths.history_csv.is_file():
        return {}
    with paths.history_csv.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {
        f"epoch {row['epoch']} {name}": float(row[name]) if row[name] else None
        for row in rows
        for name in COLUMNS
    }


def _json(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}  # a run that failed before it began to train has none
    return facts if isinstance(facts, dict) else {}


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in facts.items():
        name = f"{prefix}{key}"
        flat.update(_flat(value, f"{name}.") if isinstance(value, dict) else {name: value})
    return flat


def _recorded_threads(provenance: Mapping[str, Any]) -> int | None:
    found = re.search(r"(\d+) threads", str(provenance.get("device")))
    return int(found[1]) if found else None


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
