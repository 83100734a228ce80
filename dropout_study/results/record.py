"""A trial's record: ``metrics.json`` in its job directory, written when the job ends."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from dropout_study.config.overrides import override_key
from dropout_study.paths import JobPaths
from dropout_study.sweeper.outcome import outcome_of
from dropout_study.sweeper.planning.objective import configured_objectives
from dropout_study.task.job_files import (
    NUMBERS,
    SPREAD,
    JobFileError,
    JobFiles,
    record_problem,
)
from dropout_study.trial import TrialState

RESERVED = ("trial", "state", "value", "job_dir", "error")
"""Columns that a task's metrics cannot take."""
GROUPS = ("model", "noise", "schedule", "data", "optimizer", "lr_schedule")
OF_THE_SWEEP = ("search_space.", "report.language")
"""What keys begin with that a sweep reads, and no job."""
OWN_COLUMNS = frozenset((*RESERVED, *NUMBERS, *SPREAD))
"""Columns that a parameter cannot take: one of their name has its column under ``params_NAME``."""


def job_record(config: DictConfig, job: JobReturn) -> dict[str, Any]:
    """Returns the record of a finished job, with its keys in the order of the table's columns."""
    sweep = config.hydra.mode == RunMode.MULTIRUN
    outcome = outcome_of(job, configured_objectives(config), required=sweep)
    pauses = getattr(job._return_value, "may_continue", False)
    choices = config.hydra.runtime.choices
    keys = _of_a_job(_given(job.overrides or []))
    return {
        "trial": OmegaConf.select(config, "hydra.job.num", default=None),
        "state": str(TrialState.PAUSED if pauses else outcome.state),
        "value": outcome.value,
        **metric_columns(outcome.metrics),
        **param_columns({key: _plain(config, key) for key in keys if key not in choices}),
        **{group: choices[group] for group in (*GROUPS, *keys) if group in choices},
        "job_dir": _job_dir(config),
        "error": outcome.error,
    }


def metric_columns(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the metrics of a task that can stand in a column of their name."""
    return {k: v for k, v in metrics.items() if k not in RESERVED and not record_problem(k, v)}


def param_columns(params: Mapping[str, Any]) -> dict[str, Any]:
    """Returns parameters by column: their key, unless the table has a column of that name."""
    return {f"params_{key}" if key in OWN_COLUMNS else key: v for key, v in params.items()}


def _job_dir(config: DictConfig) -> str:
    """Returns a trial's directory relative to the study's; the full path of a single run."""
    output_dir = Path(config.hydra.runtime.output_dir)
    sweep_dir = Path(config.hydra.runtime.cwd, config.hydra.sweep.dir)  # a job may change its cwd
    return str(output_dir.relative_to(sweep_dir) if sweep_dir in output_dir.parents else output_dir)


def _plain(config: DictConfig, key: str) -> Any:
    value = OmegaConf.select(config, key)
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def read_record(number: int, paths: JobPaths) -> dict[str, Any]:
    """Returns the record of trial ``number``; without one, its overrides and the state RUNNING.

    The state is FAIL if ``metrics.json`` is damaged.
    """
    try:
        record = JobFiles(paths).metrics()
    except JobFileError as error:
        if error.missing:
            return unfinished(number, paths, "RUNNING", "")
        told = f"{paths.metrics_json.name} is damaged: {error.reason}"
        return unfinished(number, paths, "FAIL", told)
    return {**record, "trial": number}


def unfinished(number: int, paths: JobPaths, state: str, error: str) -> dict[str, Any]:
    """Returns the record of a trial of which only its overrides are known."""
    try:
        given = _given(JobFiles(paths).overrides(default=[]))
    except (ValueError, TypeError, HydraException):
        given = {}  # the row of this trial has no parameters then
    return {
        "trial": number,
        "state": state,
        **param_columns({key: given[key] for key in _of_a_job(given)}),
        "job_dir": paths.root.name,
        "error": error,
    }


def _of_a_job(keys: Iterable[str]) -> list[str]:
    """Returns the keys without those that no job reads."""
    return [key for key in keys if not key.startswith(OF_THE_SWEEP)]


def _given(overrides: Sequence[str]) -> dict[str, Any]:
    """Returns the keys and groups that the overrides of a job set, with their values."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    return {override_key(each): each.value() for each in parsed if not each.is_delete()}
