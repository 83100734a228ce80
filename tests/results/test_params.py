"""Parameters and groups of an application of its own are shown as such."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from command_line import run_command

from dropout_study.cli.results import results
from dropout_study.paths import StudyPaths
from dropout_study.report.view import StudyView
from dropout_study.results.params import parameter_columns, recorded_params
from dropout_study.results.study import load_study

APP = Path(__file__).parents[1] / "sweeper" / "apps" / "shapes.py"
SEARCHED = ("db=choice(mysql,postgres)", "db@backup=choice(mysql,postgres)", "x=choice(1,2)")
IN_WORKERS = ("hydra/sweeper=optuna_study", "hydra.sweeper.n_trials=8", "hydra.sweeper.n_jobs=2")
IN_A_GRID = ("+hydra.callbacks.results._target_=dropout_study.results.callback.ResultsCallback",)


@pytest.mark.parametrize("way", [IN_WORKERS, IN_A_GRID], ids=["workers", "Hydra's own launcher"])
def test_searched_groups_and_plain_keys_of_an_application(way, tmp_path, monkeypatch, capfd):
    command = [sys.executable, str(APP), "-m", *way, "hydra.sweep.dir=study", "lr=0.2", *SEARCHED]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr

    table = pd.read_csv(tmp_path / "study" / "results.csv")
    assert set(table["db"]) == {"mysql", "postgres"} >= set(table["db@backup"])
    assert set(table["lr"]) == {0.2}
    assert set(StudyView(load_study(tmp_path / "study")).params) == {"db", "db@backup", "x"}

    monkeypatch.setenv("COLUMNS", "120")
    printed = run_command(results, [str(tmp_path / "study")], capfd).out
    heads = next(line.split() for line in printed.splitlines() if "trial" in line.split())
    assert {"db", "db@backup", "x"} <= set(heads)
    assert "lr" not in heads


def test_what_a_sweep_alone_is_given_is_no_parameter():
    columns = ["trial", "x", "model", "model.p", "search_space.n_trials", "report"]
    assert parameter_columns(columns) == ["model", "model.p"]
    assert parameter_columns(columns, ["x", "report"]) == ["x", "model", "model.p", "report"]


def test_the_first_and_the_last_trial_tell_what_a_lost_configuration_cannot(tmp_path):
    for number, given in enumerate(("- x=1", "- y=2", "- +value=3\n- report=none\n- z=[")):
        job = StudyPaths(tmp_path).job(number)
        job.overrides_yaml.parent.mkdir(parents=True)
        job.overrides_yaml.write_text(given)
    assert recorded_params(StudyPaths(tmp_path), {}) == {"x", "params_value"}
