"""The files of trials, from the process that ran them to every other.

Before a trial ends, or pauses, its process publishes the files that tables, report, confirmation
and rerun read. The others fetch them. Weights, checkpoints and logs stay where they were written.
What is fetched is data: text under a few known names.
"""

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial

from dropout_study.files import atomic_write
from dropout_study.paths import REPLICATE, JobPaths, StudyPaths
from dropout_study.search.ended import EndedOnce
from dropout_study.search.internals import (
    set_study_attr,
    storage_of,
    study_attrs,
    trial_id,
)
from dropout_study.search.paused import is_paused
from dropout_study.search.shared.packed import Packed, packed_digest, unpacked

log = logging.getLogger(__name__)


def job_names() -> list[str]:
    """Returns the names of a job's published files in its directory."""
    job = JobPaths(Path())
    paths = (
        *(job.metrics_json, job.history_csv, job.provenance_json),
        *(job.config_yaml, job.overrides_yaml, job.hydra_yaml),
    )
    return [path.as_posix() for path in paths]


def study_names() -> list[str]:
    """Returns the names of a study's published files in its directory."""
    study = StudyPaths(Path())
    return [study.multirun_yaml.name, study.optimization_results_yaml.name]


class SharedFiles:
    """The files of a study's trials, in its directory here and in its storage.

    Args:
        study: the study.
        paths: the paths of its directory here.
        used: whether files are shared at all: not if all processes have one disk.
    """

    def __init__(self, study: optuna.Study, paths: StudyPaths, *, used: bool = True) -> None:
        self._study = study
        self._paths = paths
        self._used = used
        self._ended = EndedOnce()
        self._known: dict[int, str] = {}

    def publish(self, number: int) -> None:
        """Publishes the files of a trial that runs here and is about to end or to pause."""
        if not self._used:
            return
        root = self._paths.job(number).root
        runs = [root, *(run.root for _, run in self._paths.replicates(number))]
        packed = Packed.of(_read(root, [run / name for run in runs for name in job_names()]))
        trial = self._study.get_trials(deepcopy=False)[number]
        self._known[number] = packed.digest
        with suppress(UpdateFinishedTrialError):  # another process has taken it over and ended it
            packed.write(_writer(self._study, trial))

    def fetch(self) -> list[FrozenTrial]:
        """Writes the files of trials that other processes have run.

        Returns:
            Ended trials that have no directory here and no files in the storage.
        """
        if not self._used:
            return []
        trials = self._study.get_trials(deepcopy=False)
        ended = self._ended.take(trials)
        paused = [trial for trial in self._ended.open(trials) if is_paused(trial)]
        return [trial for trial in [*ended, *paused] if not self._fetch(trial)]

    def _fetch(self, trial: FrozenTrial) -> bool:
        """Writes the files of a trial; returns False if there are none, here or there."""
        job, digest = self._paths.job(trial.number), packed_digest(trial.system_attrs)
        if digest is None:
            return job.root.is_dir()
        if self._known.get(trial.number) != digest:
            try:
                _write(job.root, unpacked(trial.system_attrs), _is_job_name)
            except ValueError as error:
                log.warning("the files of trial %d cannot be fetched: %s", trial.number, error)
                return job.root.is_dir()
            self._known[trial.number] = digest
        return True

    def publish_study(self) -> None:
        """Publishes the study's configuration, and its best trial if that is known."""
        if self._used:
            files = _read(self._paths.root, [self._paths.root / each for each in study_names()])
            Packed.of(files).write(lambda name, value: set_study_attr(self._study, name, value))

    def fetch_study(self) -> None:
        """Writes the study's configuration, and its best trial if that is known."""
        attrs = study_attrs(self._study)
        if packed_digest(attrs) is not None:
            _write(self._paths.root, unpacked(attrs), study_names().__contains__)


def _is_job_name(name: str) -> bool:
    """Returns whether a name is one of a job's files, or of one of its replicates'."""
    return re.sub(rf"^{REPLICATE}\d{{1,6}}/", "", name) in job_names()


def _read(root: Path, paths: list[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in paths:
        with suppress(FileNotFoundError):
            text = path.read_bytes().decode("utf-8", errors="replace")
            found[path.relative_to(root).as_posix()] = text
    return found


def _write(root: Path, files: dict[str, str], allowed: Callable[[str], bool]) -> None:
    """Writes files; the record of a trial comes last, so that a trial is whole or not there."""
    for name in sorted(filter(allowed, files), key=lambda name: name.endswith("metrics.json")):
        with atomic_write(root / name, durable=False) as temporary:
            temporary.write_text(files[name], encoding="utf-8", newline="")


def _writer(study: optuna.Study, trial: FrozenTrial) -> Callable[[str, object], None]:
    storage, identifier = storage_of(study), trial_id(trial)
    return lambda name, value: storage.set_trial_system_attr(identifier, name, value)  # type: ignore[arg-type]
