from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.api.types import is_numeric_dtype

from dropout_study.paths import StudyPaths
from dropout_study.results.printed.show import Shown, best_first, print_results, varied_params
from dropout_study.results.table import study_frame, write_results
from dropout_study.task.job_files import JobFiles
from dropout_study.trial import trial_metrics

FIRST = [
    *("trial", "state", "value", "train_loss", "train_accuracy", "val_loss", "val_accuracy"),
    *("test_loss", "test_accuracy", "epochs_run", "best_epoch", "seconds", "seed"),
]
LAST = ["model", "data", "optimizer", "job_dir", "error"]


@pytest.fixture
def study(tmp_path: Path, epoch) -> Path:
    """Trials 0, 2 and 10: complete, failed, complete and better. The rate differs, lr does not."""

    def record(number: int, accuracy: float | None, **given: Any) -> None:
        metrics: dict[str, Any] = {}
        if accuracy is not None:
            history = [epoch(1, val_accuracy=accuracy)]
            metrics = trial_metrics(history)
        row = {"trial": number, "state": "COMPLETE", **metrics, "model.dropout1": number / 20}
        row |= {"optimizer.lr": 0.5, "model": "mlp", "data": "synthetic", "optimizer": "sgd"}
        JobFiles(StudyPaths(tmp_path).job(number)).write_metrics(
            {**row, "job_dir": str(number), **given}
        )

    record(0, 0.5, error="")
    record(2, None, error='loss "not"\nfinite, alas', state="FAIL")
    record(10, 0.75, error="")
    return tmp_path


def test_the_columns_are_the_documented_ones(study):
    assert list(study_frame(study)) == [*FIRST, "model.dropout1", "optimizer.lr", *LAST]


def test_rows_are_trials_by_number(study):
    frame = study_frame(study)
    assert frame["trial"].tolist() == [0, 2, 10]
    assert frame["state"].tolist() == ["COMPLETE", "FAIL", "COMPLETE"]


def test_read_csv_needs_no_arguments_and_gives_numbers_as_numbers(study):
    frame = pd.read_csv(write_results(study))
    texts = {"state", *LAST} - {"job_dir"}
    assert all(is_numeric_dtype(frame[name]) for name in set(frame) - texts)
    assert frame["model.dropout1"].tolist() == [0.0, 0.1, 0.5]
    assert frame["value"].tolist()[::2] == [0.5, 0.75]
    assert frame.loc[1, list(FIRST[2:])].isna().all()
    assert frame.loc[1, "error"] == 'loss "not"\nfinite, alas'


def test_whole_numbers_stay_whole_beside_missing_ones(study):
    lines = write_results(study).read_text().splitlines()
    assert lines[0].startswith(",".join(FIRST))
    row = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert (row["trial"], row["epochs_run"], row["best_epoch"], row["seed"]) == ("0", "1", "1", "0")


def test_a_half_finished_study_has_a_row_for_every_trial(study):
    StudyPaths(study).job(2).metrics_json.write_text("{")
    (study / "11").mkdir()
    frame = study_frame(study)
    assert frame["trial"].tolist() == [0, 2, 10, 11]
    assert frame["state"].tolist() == ["COMPLETE", "FAIL", "COMPLETE", "RUNNING"]


def test_a_study_whose_first_trial_runs_has_a_table_too(tmp_path):
    (tmp_path / "0").mkdir()
    frame = pd.read_csv(write_results(tmp_path))
    assert list(frame) == ["trial", "state", "value", "job_dir", "error"]
    assert frame["state"].tolist() == ["RUNNING"]


def test_a_parameter_of_some_trials_is_empty_for_the_others(study):
    row = {"trial": 11, "state": "COMPLETE", "value": 0.1, "model.widths": [8, 4]}
    JobFiles(StudyPaths(study).job(11)).write_metrics(row)
    frame = pd.read_csv(write_results(study))
    assert frame["model.widths"].tolist()[-1] == "[8, 4]"
    assert frame["model.widths"].isna().tolist() == [True, True, True, False]


def test_writing_again_gives_the_same_bytes_and_leaves_no_other_table(study):
    first = write_results(study).read_bytes()
    assert write_results(study).read_bytes() == first
    assert [path.name for path in study.glob("*results.csv*")] == ["results.csv"]


def test_who_reads_the_table_meanwhile_reads_it_whole(study):
    old = write_results(study).read_text()
    with (study / "results.csv").open() as reader:
        (study / "11").mkdir()
        assert write_results(study).read_text() != old
        assert reader.read() == old


@pytest.mark.parametrize("epochs_run", ["many", 1.5])
def test_a_damaged_record_is_one_failed_row(study, epochs_run):
    old = pd.read_csv(write_results(study))
    bad = {"trial": 11, "state": "COMPLETE", "epochs_run": epochs_run}
    JobFiles(StudyPaths(study).job(11)).write_metrics(bad)
    frame = pd.read_csv(write_results(study))
    pd.testing.assert_frame_equal(frame.iloc[:-1][old.columns], old, check_dtype=False)
    assert frame.iloc[-1]["state"] == "FAIL"
    assert "epochs_run" in frame.iloc[-1]["error"]


@pytest.mark.parametrize("name", ["nowhere", "results.csv", "empty"])
def test_what_is_no_study_is_named(tmp_path, told, name):
    (tmp_path / "results.csv").write_text("a file")
    (tmp_path / "empty").mkdir()
    assert told(study_frame, tmp_path / name).startswith(str(tmp_path / name))


@pytest.mark.parametrize(("minimize", "order"), [(False, [10, 0, 2]), (True, [0, 10, 2])])
def test_the_best_come_first_and_the_failed_last(study, minimize, order):
    assert best_first(study_frame(study), minimize=minimize)["trial"].tolist() == order


def test_a_pruned_trial_is_not_the_best_however_high_its_last_value(study):
    frame = study_frame(study)
    frame.loc[frame["trial"] == 10, "state"] = "PRUNED"
    assert best_first(frame)["trial"].tolist() == [0, 10, 2]


def test_equal_values_stand_by_number(study):
    frame = study_frame(study)
    frame["value"] = frame["value"].where(frame["value"].isna(), 0.5)
    assert best_first(frame)["trial"].tolist() == [0, 10, 2]  # 2 has failed


def test_the_best_are_never_chosen_by_test_accuracy(study):
    frame = study_frame(study)
    frame["test_accuracy"] = -frame["value"]
    assert best_first(frame)["trial"].tolist() == [10, 0, 2]


def test_what_is_printed_is_short_and_shows_what_varied(study, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    frame = study_frame(study)
    assert varied_params(frame) == ["model.dropout1"]
    print_results(Shown(frame), top=1)
    printed = capsys.readouterr().out
    assert "3 trials (2 COMPLETE, 1 FAIL)" in printed
    assert "0.7500" in printed
    assert "dropout1" in printed
    assert " lr " not in printed
    assert len([line for line in printed.splitlines() if "COMPLETE" in line]) == 2  # title and row
