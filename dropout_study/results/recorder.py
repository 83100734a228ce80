"""The files that a sweeper writes about its trials: records, replicates, the table."""

from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from shutil import rmtree
from typing import Any

from dropout_study.files import remove_temporaries
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.results.live_table import ResultsTable
from dropout_study.results.record import (
    metric_columns,
    param_columns,
    read_record,
    unfinished,
)
from dropout_study.results.replicates import mean_record, write_replicates
from dropout_study.sweeper.outcome import Outcome
from dropout_study.sweeper.source import Assignment
from dropout_study.task.job_files import JobFiles
from dropout_study.trial import TrialState

HYDRA = ("hydra.", "hydra/")
"""The beginnings of overrides that Hydra records in another file."""


class StudyRecorder:
    """Writes the records from which the table is made. This project's own task records its jobs.

    Args:
        root: the study's directory.
        objectives: the names of the objectives.
        replicates: whether each trial has several jobs.
        keeps_state: whether the state of a trial stays in its directory when it has ended.
    """

    def __init__(
        self,
        root: Path,
        objectives: Sequence[str],
        *,
        replicates: bool = False,
        keeps_state: bool = False,
    ) -> None:
        self.paths = StudyPaths(root)
        self._objectives = objectives
        self._replicates = replicates
        self._keeps_state = keeps_state
        self._table = ResultsTable(root)

    def _job(self, name: str) -> JobPaths:
        return JobPaths(self.paths.root / name)

    def begin(self, job: Assignment) -> None:
        """Removes the result and temporary files of an earlier run of the job.

        Its checkpoints stay, unless they are of a job with other overrides: of another study.
        """
        paths = self._job(job.name)
        paths.metrics_json.unlink(missing_ok=True)
        own = {each for each in job.overrides if not each.lstrip("+~").startswith(HYDRA)}
        if set(JobFiles(paths).overrides(default=[])) != own:
            rmtree(paths.checkpoint_dir, ignore_errors=True)
        remove_temporaries(paths.root, older_than=0)  # no other process writes here

    def record(self, job: Assignment, outcome: Outcome) -> None:
        """Records a job that has no record, because its process died or its task writes none.

        Unless it pauses it has ended, so its checkpoints are removed.

        A record with another state is replaced: the process was killed after it wrote the record.
        Of a trial that pauses, or ends after that, only the state is replaced.
        """
        paths = self._job(job.name)
        if outcome.state != TrialState.PAUSED:
            rmtree(paths.checkpoint_dir, ignore_errors=True)
        if outcome.state == TrialState.FAIL:
            paths.resume.unlink(missing_ok=True)
        if paths.metrics_json.is_file():
            record = read_record(job.number, paths)
            if record["state"] == outcome.state:
                return
            if {record["state"], outcome.state} == {TrialState.PRUNED, TrialState.PAUSED}:
                JobFiles(paths).write_metrics({**record, "state": str(outcome.state)})
                if outcome.state == TrialState.PRUNED and not self._keeps_state:
                    paths.resume.unlink(missing_ok=True)
                return
        known = unfinished(job.number, paths, outcome.state, outcome.error)
        own = {"job_dir": job.name, "value": outcome.value, **param_columns(job.params)}
        JobFiles(paths).write_metrics({**known, **_columns(outcome.metrics), **own})

    def merge(self, number: int, runs: Sequence[Assignment]) -> Outcome:
        """Records a trial as the mean of its runs; returns its outcome."""
        records = [read_record(number, self._job(run.name)) for run in runs]
        merged = {**mean_record(records), "trial": number, "job_dir": str(number)}
        undefined = [name for name in self._objectives if isnan(merged.get(name) or 0)]
        if undefined:
            told = f"{undefined[0]} has no mean: it is inf and -inf in the replicates"
            merged |= {"state": str(TrialState.FAIL), "value": None, "error": told}
        JobFiles(self.paths.job(number)).write_metrics(merged)
        state = TrialState(merged["state"])
        values = [merged.get(name) for name in self._objectives]
        given = tuple(float(value) for value in values if value is not None)
        metrics = {k: v for k, v in merged.items() if k in ("value_sd", "n")}
        if all("images" in record for record in records):
            metrics["images"] = sum(record["images"] for record in records)
        whole = given if len(given) == len(values) and state != TrialState.FAIL else ()
        return Outcome(state, whole, str(merged["error"] or ""), {**dict(records[0]), **metrics})

    def copy(self, number: int, params: Mapping[str, Any], twin: int, state: TrialState) -> None:
        """Records a trial with the result of an earlier trial that has the same parameters."""
        record = read_record(twin, self.paths.job(twin))
        own = {"trial": number, "state": str(state), "job_dir": str(number), "duplicate_of": twin}
        JobFiles(self.paths.job(number)).write_metrics({**record, **param_columns(params), **own})

    def update(self) -> None:
        """Writes the current tables.

        Raises:
            OSError: a table cannot be written. The next update writes all of it.
        """
        self._table.update()
        if self._replicates:
            write_replicates(self.paths.root)


def _columns(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the metrics that can be a cell of a table: numbers, bools and texts."""
    plain = (bool, int, float, str)
    return metric_columns({name: v for name, v in metrics.items() if isinstance(v, plain)})
