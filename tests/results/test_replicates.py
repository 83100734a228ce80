import json
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dropout_study import load_study
from dropout_study.paths import JobPaths, StudyPaths
from dropout_study.report.headline import headline
from dropout_study.report.view import StudyView
from dropout_study.results.recorder import StudyRecorder
from dropout_study.results.replicates import mean_record, write_replicates
from dropout_study.results.table import write_tables
from dropout_study.sweeper.source import Assignment
from dropout_study.task.job_files import JobFiles


def record(seed: int, value: float | None, **given: Any) -> dict[str, Any]:
    usual = {"trial": 4, "state": "COMPLETE", "value": value, "val_accuracy": value, "error": ""}
    usual |= {"epochs_run": 3, "best_epoch": seed, "seconds": 1.5, "seed": seed, "model": "mlp"}
    return {**usual, "model.dropout1": 0.5, "job_dir": f"4/replicate_{seed}", **given}


def test_a_trials_row_has_means_their_spread_and_their_number():
    assert mean_record([record(0, 0.5), record(1, 0.7), record(2, 0.9)]) == {
        **{"trial": 4, "state": "COMPLETE", "val_accuracy": pytest.approx(0.7), "epochs_run": 3},
        **{"value": pytest.approx(0.7), "value_sd": pytest.approx(0.2), "n": 3},
        **{"best_epoch": 1, "seconds": 1.5, "seed": None, "model": "mlp", "model.dropout1": 0.5},
        **{"job_dir": "4", "error": ""},
    }


@pytest.mark.parametrize("name", ["trainer.seed", "params_n", "model.dropout1"])
def test_a_parameter_that_differs_between_seeds_has_no_mean(name):
    row = mean_record([record(0, 0.5, **{name: 0}), record(1, 0.7, **{name: 1})])
    assert row[name] is None


def test_one_seed_has_no_spread():
    row = mean_record([record(7, 0.5)])
    assert (row["value"], row["value_sd"], row["n"], row["seed"]) == (0.5, None, 1, 7)


def test_a_trial_of_which_a_run_failed_has_no_value_and_says_which():
    row = mean_record([record(0, 0.5), record(1, None, state="FAIL", error="loss not finite")])
    assert (row["state"], row["value"], row["value_sd"]) == ("FAIL", None, None)
    assert row["error"] == "replicate 1: loss not finite"


@pytest.mark.parametrize(("worst", "state"), [(-inf, "FAIL"), (0.5, "COMPLETE")])
def test_infinite_values_have_a_mean_unless_they_cancel(tmp_path, worst, state):
    runs = [Assignment(4, [], {}, replicate) for replicate in range(2)]
    for run, value in zip(runs, (inf, worst), strict=True):
        JobFiles(JobPaths(tmp_path / run.name)).write_metrics(record(0, value))
    outcome = StudyRecorder(tmp_path, ["value"], replicates=True).merge(4, runs)
    row = JobFiles(StudyPaths(tmp_path).job(4)).metrics()
    failed = state == "FAIL"
    assert (outcome.state, row["state"], row["value"]) == (state, state, None if failed else inf)
    assert row["error"] == ("value has no mean: it is inf and -inf in the replicates" * failed)


@pytest.mark.parametrize("states", [("PRUNED", "COMPLETE"), ("PRUNED", "PRUNED")])
def test_a_trial_of_which_a_run_was_pruned_is_pruned(states):
    row = mean_record([record(i, 0.5, state=state) for i, state in enumerate(states)])
    assert (row["state"], row["value"]) == ("PRUNED", 0.5)


def write(root: Path) -> Path:
    """Trial 0 is a single run, trial 4 has three seeds, trial 5 runs its second."""
    paths = StudyPaths(root)
    JobFiles(paths.job(0)).write_metrics(
        {"trial": 0, "state": "COMPLETE", "value": 0.4, "error": ""}
    )
    runs = [record(0, 0.5), record(1, 0.7), record(2, 0.9)]
    for index, run in enumerate(runs):
        JobFiles(JobPaths(paths.job(4).root / f"replicate_{index}")).write_metrics(run)
    JobFiles(paths.job(4)).write_metrics(mean_record(runs))
    JobFiles(JobPaths(paths.job(5).root / "replicate_0")).write_metrics(record(0, 0.6))
    (paths.job(5).root / "replicate_1").mkdir()
    return root


def test_the_table_has_a_row_a_run(tmp_path):
    frame = pd.read_csv(write_replicates(write(tmp_path)))
    assert list(frame)[:5] == ["trial", "replicate", "seed", "state", "value"]
    assert frame["trial"].tolist() == [4, 4, 4, 5, 5]
    assert frame["replicate"].tolist() == [0, 1, 2, 0, 1]
    assert frame["value"].tolist()[:4] == [0.5, 0.7, 0.9, 0.6]
    assert frame["state"].tolist()[4] == "RUNNING"
    assert frame["job_dir"].tolist()[1] == "4/replicate_1"


def test_all_tables_are_written_and_load_together(tmp_path):
    write_tables(write(tmp_path))
    study = load_study(tmp_path)
    trials = study.trials.set_index("trial")
    assert trials["state"].to_dict() == {0: "COMPLETE", 4: "COMPLETE", 5: "RUNNING"}
    assert trials.loc[4, ["value", "value_sd", "n"]].tolist() == pytest.approx([0.7, 0.2, 3])
    assert study.replicates is not None
    assert study.replicates.groupby("trial")["value"].mean()[4] == pytest.approx(0.7)


def test_the_learning_curves_of_the_runs_are_told_apart(tmp_path):
    paths = StudyPaths(write(tmp_path))
    head = "epoch,train_loss,train_accuracy,val_loss,val_accuracy,test_loss,test_accuracy,seconds"
    for run in (paths.job(0), *(run for _, run in paths.replicates(4))):
        run.history_csv.write_text(f"{head}\n1,1,0.5,1,0.5,1,0.5,2\n")
    write_tables(tmp_path)
    rows = pd.read_csv(tmp_path / "histories.csv")
    assert rows["trial"].tolist() == [0, 4, 4, 4]
    assert rows["replicate"].tolist()[1:] == [0, 1, 2]
    curves = load_study(tmp_path).histories
    assert curves.groupby("trial")["seconds"].sum().to_dict() == {0: 2, 4: 6}


def test_the_report_judges_a_trial_with_several_seeds_over_its_seeds(tmp_path):
    paths = StudyPaths(tmp_path)
    for number, shift in enumerate((0.0, 0.1)):
        runs = [
            record(seed, 0.5 + shift + seed / 100, test_accuracy=0.4 + shift + seed / 50)
            for seed in range(3)
        ]
        runs = [{**run, "model.dropout1": shift, "job_dir": f"{number}/r"} for run in runs]
        for index, run in enumerate(runs):
            JobFiles(JobPaths(paths.job(number).root / f"replicate_{index}")).write_metrics(run)
        JobFiles(paths.job(number)).write_metrics(mean_record(runs))
    first, *_ = headline(StudyView(load_study(tmp_path)))
    assert "trial 1" in first
    assert "test accuracy 52.0\N{NO-BREAK SPACE}% (95" in first
    assert "n = 3 seeds" in first


def test_where_no_trial_has_several_seeds_there_is_no_table(tmp_path):
    JobFiles(StudyPaths(tmp_path).job(0)).write_metrics(
        {"trial": 0, "state": "COMPLETE", "value": 0.4}
    )
    (tmp_path / "replicates.csv").write_text("of an earlier sweep")
    assert write_replicates(tmp_path) is None
    assert not (tmp_path / "replicates.csv").exists()
    assert load_study(tmp_path).replicates is None


def test_ten_runs_stand_in_the_order_of_numbers(tmp_path):
    job = StudyPaths(tmp_path).job(0)
    for index in range(11):
        JobFiles(JobPaths(job.root / f"replicate_{index}")).write_metrics(record(index, 0.5))
    assert pd.read_csv(write_replicates(tmp_path))["replicate"].tolist() == list(range(11))


def test_the_record_of_a_trial_is_plain_json():
    json.dumps(mean_record([record(0, 0.5), record(1, 0.7)]), allow_nan=False)
