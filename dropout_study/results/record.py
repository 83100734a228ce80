"""A trial's record: ``metrics.json`` in its job directory, written when the job ends."""

import json
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

from dropout_study.orchestration.outcome import outcome_of
from dropout_study.orchestration.overrides import override_key
from dropout_study.paths import JobPaths, atomic_write
from dropout_study.trial import TrialResult, TrialState

GROUPS = ("model", "data", "optimizer")
WHOLE_NUMBERS = ("trial", "epochs_run", "best_epoch", "seed")


def job_record(config: DictConfig, job: JobReturn) -> dict[str, Any]:
    """Returns the row of the table that a finished job makes, in the order of the table."""
    objective = OmegaConf.select(config, "hydra.sweeper.objective", default="value")
    outcome = outcome_of(job, objective, required=config.hydra.mode == RunMode.MULTIRUN)
    choices = config.hydra.runtime.choices
    overrides = OverridesParser.create().parse_overrides(list(job.overrides or []))
    keys = [override_key(override) for override in overrides if not override.is_delete()]
    return {
        "trial": OmegaConf.select(config, "hydra.job.num", default=None),
        "state": str(outcome.state),
        **outcome.metrics,
        "value": outcome.value,
        **{key: _plain(config, key) for key in keys if key not in choices},
        **{group: choices[group] for group in GROUPS if group in choices},
        "job_dir": _job_dir(config),
        "error": outcome.error,
    }


def _job_dir(config: DictConfig) -> str:
    """Returns a trial's directory relative to the study's, a single run's as it is."""
    output_dir = Path(config.hydra.runtime.output_dir)
    sweep_dir = Path(config.hydra.sweep.dir).absolute()
    return str(output_dir.relative_to(sweep_dir) if sweep_dir in output_dir.parents else output_dir)


def _plain(config: DictConfig, key: str) -> Any:
    value = OmegaConf.select(config, key)
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def write_record(paths: JobPaths, record: dict[str, Any]) -> None:
    """Writes ``metrics.json``, whole or not at all."""
    with atomic_write(paths.metrics_json) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def read_record(number: int, paths: JobPaths) -> dict[str, Any]:
    """Returns the record of trial ``number``, or what its directory tells if it has none."""
    try:
        record = _checked(json.loads(paths.metrics_json.read_text(encoding="utf-8")))
        return {**record, "trial": number}
    except FileNotFoundError:
        return _unfinished(number, paths, "RUNNING", "")
    except (OSError, ValueError) as error:
        return _unfinished(number, paths, "FAIL", f"{paths.metrics_json.name} is damaged: {error}")


def _checked(record: Any) -> dict[str, Any]:
    """Returns what a ``metrics.json`` holds if it can be a row of the table."""
    if not isinstance(record, dict):
        raise ValueError("not an object")
    if record.get("state") not in set(TrialState):
        raise ValueError(f"no state of a trial: {record.get('state')!r}")
    for name in TrialResult.__dataclass_fields__:
        value, whole = record.get(name), name in WHOLE_NUMBERS
        if not isinstance(value, int | None if whole else int | float | None):
            raise ValueError(f"{name} is not a {'whole ' * whole}number: {value!r}")
    return record


def _unfinished(number: int, paths: JobPaths, state: str, error: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    try:
        overrides = OmegaConf.load(paths.overrides_yaml)
        for override in OverridesParser.create().parse_overrides(list(overrides)):
            given[override_key(override)] = override.value()
    except (OSError, ValueError, TypeError, YAMLError, HydraException):
        given = {}  # what is lost of an unfinished trial is its parameters, not the table
    searched = {key: value for key, value in given.items() if "." in key or key in GROUPS}
    return {
        "trial": number,
        "state": state,
        **searched,
        "job_dir": paths.root.name,
        "error": error,
    }
