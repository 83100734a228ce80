"""``dropout-study-extend``: trains the best trials on and writes the tables of an own study."""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pandas as pd

from dropout_study.extension.plan import EPOCHS, Extended, plan_extension
from dropout_study.launch.population import Population
from dropout_study.launch.trial_form import TrialJob
from dropout_study.paths import StudyPaths
from dropout_study.report.view import StudyView
from dropout_study.results.replicates import mean_record
from dropout_study.results.study import load_study
from dropout_study.results.table import write_tables
from dropout_study.sweeper.outcome import describe_error
from dropout_study.task.job_files import JobFileError, JobFiles
from dropout_study.task.trial import Trial, open_trial
from dropout_study.trial import TrialState

log = logging.getLogger(__name__)


def extend(root: Path, *, top: int, epochs: int) -> tuple[Path, pd.DataFrame]:
    """Trains the ``top`` best trials of a study to ``epochs`` epochs.

    Returns:
        The directory of the extension, a study of its own in that of the study, and a row for each
        trial: its values before and after.

    Raises:
        UserError: an argument cannot be used, or the study has nothing to extend.
    """
    view = StudyView(load_study(root))
    paths, runs = plan_extension(view, top, epochs)
    jobs = [_Job(run) for run in runs if not _has_ended(run)]
    log.info("%d of %d runs to train, in %s", len(jobs), len(runs), paths.root)
    waiting = iter(jobs)
    Population(lambda count: islice(waiting, count)).train()
    for number, own in groupby(runs, key=lambda run: run.number):
        _merge(paths, number, list(own))
    write_tables(paths.root)
    return paths.root, comparison(view, load_study(paths.root).trials)


def comparison(view: StudyView, after: pd.DataFrame) -> pd.DataFrame:
    """Returns a row for each trial of the extension, the best first.

    Columns: trial, state, the objective and its test metric before and after, epochs before and
    after.
    """
    names = {view.objective.name: "value", view.objective.test_metric: view.objective.test_metric}
    names["epochs"] = "epochs_run"
    before, now = (table.set_index("trial") for table in (view.trials, after))
    columns = {"state": now["state"]}
    for name, column in names.items():
        columns[name] = before[column].reindex(now.index)
        columns[f"{name} now"] = now[column]
    frame = pd.DataFrame(columns).reset_index()
    return frame.sort_values(f"{view.objective.name} now", ascending=view.objective.minimize)


def _has_ended(run: Extended) -> bool:
    """Returns whether the run has a result; one that failed is trained again."""
    try:
        return str(JobFiles(run.paths).metrics()["state"]) == TrialState.COMPLETE
    except JobFileError:
        return False


class _Job(TrialJob):
    """A run as a job of a population."""

    def __init__(self, run: Extended) -> None:
        super().__init__(run.name, run.config)
        self._run = run

    def opened(self) -> AbstractContextManager[Trial]:
        run = self._run
        if why := run.prepare():
            log.info("trial %s is trained from its beginning: %s", run.name, why)
        return open_trial(run.config, run.paths.root, objective=run.objective)

    def record(self, ended: Any) -> None:
        run, before = self._run, self._run.record
        if isinstance(ended, Exception):
            error = describe_error(ended)
            own: dict[str, Any] = {"state": str(TrialState.FAIL), "value": None, "error": error}
            log.info("trial %s has failed: %s", run.name, error)
        else:
            own = {"state": str(TrialState.COMPLETE), "error": "", **ended}
            told = (before.get("epochs_run"), ended["epochs_run"])
            value = (run.objective.name, before.get("value"), ended["value"])
            log.info("trial %s: %s -> %s epochs, %s %s -> %s", run.name, *told, *value)
        epochs = {EPOCHS: run.config.trainer.epochs} if EPOCHS in before else {}
        own |= {"trial": run.number, "job_dir": run.name, **epochs}
        JobFiles(run.paths).write_metrics({**before, **own})


def _merge(paths: StudyPaths, number: int, runs: Sequence[Extended]) -> None:
    """Writes the record of a trial that is the mean over several seeds."""
    if runs[0].paths.root == paths.job(number).root:
        return
    records = [JobFiles(run.paths).metrics() for run in runs]
    merged = {**mean_record(records), "trial": number, "job_dir": str(number)}
    JobFiles(paths.job(number)).write_metrics(merged)
