import json
from pathlib import Path
from typing import Any

import pytest
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict

from dropout_study.errors import DivergedError, TrialPruned
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.results.record import job_record, read_record
from dropout_study.results.recorder import StudyRecorder
from dropout_study.sweeper.outcome import Outcome
from dropout_study.sweeper.source import Assignment
from dropout_study.task.job_files import JobFiles
from dropout_study.trial import TrialState, trial_metrics

OVERRIDES = [
    "search_space.n_trials=3",
    "report.language=zh",
    "model.dropout1=0.3",
    "+model.note='a b'",
    "optimizer=adam",
    "~trainer.seed",
]


@pytest.fixture
def result(epoch) -> dict[str, Any]:
    return trial_metrics([epoch(1), epoch(2)])


@pytest.fixture
def config(compose_config, tmp_path) -> DictConfig:
    """The configuration of trial 3 of a sweep in ``tmp_path``."""
    composed = compose_config(*OVERRIDES, "data=synthetic", hydra=True)
    with open_dict(composed):
        composed.hydra.mode = RunMode.MULTIRUN
        composed.hydra.job.num = 3
        composed.hydra.sweep.dir = str(tmp_path)
        composed.hydra.runtime.output_dir = str(tmp_path / "3")
    return composed


def job(returned: object, status: JobStatus = JobStatus.COMPLETED) -> JobReturn:
    return JobReturn(overrides=OVERRIDES, status=status, _return_value=returned)


def test_a_finished_job_makes_a_row(config, result):
    assert job_record(config, job(result)) == {
        **{"trial": 3, "state": "COMPLETE", **result},
        **{"model.dropout1": 0.3, "model.note": "a b"},
        **{"model": "mlp", "data": "synthetic", "optimizer": "adam"},
        **{"lr_schedule": "constant", "noise": "dropout", "schedule": "constant"},
        **{"job_dir": "3", "error": ""},
    }


def test_a_failed_job_says_why_in_one_line(config):
    ours = job_record(config, job(DivergedError("loss not finite at epoch 2"), JobStatus.FAILED))
    assert (ours["state"], ours["value"]) == ("FAIL", None)
    assert ours["error"] == "loss not finite at epoch 2"
    other = job_record(config, job(RuntimeError("out of\nmemory"), JobStatus.FAILED))
    assert other["error"] == "RuntimeError: out of memory"
    assert other["model.dropout1"] == 0.3


@pytest.mark.parametrize("value", [float("nan"), None, "0.5", True])
def test_an_objective_that_is_no_finite_number_fails_the_trial(config, result, value):
    record = job_record(config, job({**result, "val_accuracy": value}))
    assert (record["state"], record["value"]) == ("FAIL", None)
    assert record["error"].startswith("the ")
    assert record["test_accuracy"] == result["test_accuracy"]


def test_a_number_returned_is_the_value(config):
    record = job_record(config, job(0.25))
    assert (record["state"], record["value"]) == ("COMPLETE", 0.25)


def test_a_record_is_read_as_it_was_written(tmp_path, result):
    paths = JobPaths(tmp_path / "3")
    record = {"trial": 3, "state": "COMPLETE", **result, "model.widths": [8, 4], "error": "é"}
    JobFiles(paths).write_metrics(record)
    assert read_record(3, paths) == record
    assert json.loads(paths.metrics_json.read_text(encoding="utf-8")) == record


def started(root: Path, *overrides: str) -> JobPaths:
    """The directory of a trial that was started and did not end."""
    paths = StudyPaths(root).job(4)
    paths.overrides_yaml.parent.mkdir(parents=True)
    paths.overrides_yaml.write_text("".join(f"- {o}\n" for o in overrides) or "[]\n")
    return paths


def test_a_job_without_a_record_is_running_with_what_it_was_given(tmp_path):
    paths = started(tmp_path, "model.dropout1=0.3", "trainer.epochs=7", "model=mlp_deep")
    assert read_record(4, paths) == {
        **{"trial": 4, "state": "RUNNING", "model.dropout1": 0.3, "trainer.epochs": 7},
        **{"model": "mlp_deep", "job_dir": "4", "error": ""},
    }


def test_an_empty_directory_is_a_running_trial(tmp_path):
    (tmp_path / "4").mkdir()
    record = read_record(4, StudyPaths(tmp_path).job(4))
    assert (record["trial"], record["state"]) == (4, "RUNNING")


@pytest.mark.parametrize("content", ["", "{", '{"trial": 4', "[1]", "null", "\0"])
def test_a_damaged_record_is_a_failed_trial_that_names_the_file(tmp_path, content):
    paths = started(tmp_path, "model.dropout1=0.3")
    paths.metrics_json.write_text(content)
    record = read_record(4, paths)
    assert (record["trial"], record["state"], record["model.dropout1"]) == (4, "FAIL", 0.3)
    assert record["error"].startswith("metrics.json is damaged: ")


@pytest.mark.parametrize("content", ["- model.dropout1=[", "- 'model.dro", "a: b", "- 5", "7"])
def test_overrides_half_written_do_not_spoil_the_table(tmp_path, content):
    paths = started(tmp_path)
    paths.overrides_yaml.write_text(content)
    assert read_record(4, paths)["trial"] == 4


@pytest.mark.parametrize(("may_continue", "state"), [(True, "PAUSED"), (False, "PRUNED")])
def test_a_job_that_may_continue_is_paused(config, result, may_continue, state):
    pruned = job(TrialPruned(result, may_continue), JobStatus.FAILED)
    assert job_record(config, pruned)["state"] == state


def test_a_paused_trial_keeps_its_numbers_when_it_ends_as_pruned(tmp_path):
    recorder = StudyRecorder(tmp_path, ["value"])
    assignment = Assignment(0, [], {"x": 1})
    metrics = {"value": 0.5, "val_loss": 0.7}
    recorder.record(assignment, Outcome(TrialState.PAUSED, (0.5,), metrics=metrics))
    paths = JobPaths(tmp_path / "0")
    paths.resume.touch()
    paused = read_record(0, paths)
    assert (paused["state"], paused["val_loss"], paths.resume.exists()) == ("PAUSED", 0.7, True)
    recorder.record(assignment, Outcome(TrialState.PRUNED, (0.5,)))
    assert read_record(0, paths) == {**paused, "state": "PRUNED"}
    assert not paths.resume.exists()
