"""The runs of a confirmation: each is trained once and leaves its result in its directory."""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from omegaconf import DictConfig, OmegaConf

from dropout_study.confirmation.plan import Plan
from dropout_study.data import Splits
from dropout_study.errors import DivergedError
from dropout_study.files import atomic_write
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.task.task import TrialSetup, prepare_trial, train_trial
from dropout_study.trial import TrialResult, TrialState

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """One configuration with one seed."""

    configuration: str
    seed: int
    config: DictConfig
    paths: JobPaths


TrainRuns = Callable[[Sequence[Run]], None]
"""Trains runs and calls ``write_run`` for each as it ends: one by one, or as a population."""


def planned_runs(plan: Plan, study: StudyPaths) -> list[Run]:
    """Returns every run of ``plan``, seed by seed, so that what is there is paired at any time."""
    runs: list[Run] = []
    for position in range(len(plan.configurations[0].seeds)):
        for configuration in plan.configurations:
            seed = configuration.seeds[position]
            config = configuration.config.copy()
            config.trainer.seed = seed
            job = JobPaths(study.confirmation_dir / configuration.name / str(seed))
            runs.append(Run(configuration.name, seed, config, job))
    return runs


def train_one_by_one(runs: Sequence[Run]) -> None:
    """Trains the runs in turn, each on train + validation; a diverged one is recorded as FAIL."""
    for run in runs:
        setup = on_all_examples(prepare_trial(run.config))
        try:
            end_run(run, train_trial(setup, run.paths.root))
        except DivergedError as error:
            end_run(run, error)


def on_all_examples(setup: TrialSetup) -> TrialSetup:
    """Returns the setup with the validation examples among the training examples.

    The choice has been made; what is reported is what the whole training set gives.
    """
    return replace(setup, splits=_merged(setup.splits), checkpoint="none")


@lru_cache(maxsize=1)  # the runs of a confirmation share their data
def _merged(splits: Splits) -> Splits:
    return splits.merged()


def end_run(run: Run, result: TrialResult | DivergedError) -> None:
    """Records how a run has ended and says so."""
    if isinstance(result, TrialResult):
        write_run(run, {**result.as_dict(), "state": str(TrialState.COMPLETE), "error": ""})
        told = f"test accuracy {result.test_accuracy:.4f}"
    else:
        write_run(run, {"state": str(TrialState.FAIL), "error": str(result)})
        told = str(result)
    log.info("%s, seed %d: %s", run.configuration, run.seed, told)


def write_run(run: Run, row: dict[str, Any]) -> None:
    """Records the end of a run: its configuration, then its result, each whole or absent."""
    with atomic_write(run.paths.config_yaml) as temporary:
        temporary.write_text(OmegaConf.to_yaml(run.config), encoding="utf-8")
    record = {"configuration": run.configuration, "seed": run.seed, **row}
    with atomic_write(run.paths.metrics_json) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def read_run(run: Run) -> dict[str, Any] | None:
    """Returns the result of a run, or None if it is not there or is another configuration's."""
    try:
        same = run.paths.config_yaml.read_text(encoding="utf-8") == OmegaConf.to_yaml(run.config)
        record = json.loads(run.paths.metrics_json.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if same and isinstance(record, dict) and "state" in record else None


def read_runs(runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    """Yields the results that are there."""
    for run in runs:
        record = read_run(run)
        if record is not None:
            yield record
