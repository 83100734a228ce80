"""A directory belongs to the study that was begun in it, from before its first trial."""

from pathlib import Path

import optuna
import pandas as pd
import pytest
from command_line import SMALL, run_command

from dropout_study.cli.train import main
from dropout_study.paths import StudyPaths
from dropout_study.sweeper.directory import check_owner

OURS = "hydra: {{sweeper: {{on_change: refuse, study_name: {}}}}}"


@pytest.mark.parametrize(
    ("left", "owner"),
    [
        (OURS.format("one"), "one"),
        (OURS.format("null"), "place"),
        (OURS.format("'${name}'") + "\nname: one", "one"),
    ],
)
def test_a_directory_that_another_study_has_taken_is_refused(tmp_path, told, left, owner):
    (tmp_path / "place").mkdir()
    paths = StudyPaths(tmp_path / "place")
    paths.multirun_yaml.write_text(left)
    check_owner(optuna.create_study(study_name=owner), paths)
    said = told(check_owner, optuna.create_study(study_name="two"), paths)
    assert f"belongs to study `{owner}`, not `two`; a directory belongs to one study" in said
    assert list(Path(paths.root).iterdir()) == [paths.multirun_yaml]


@pytest.mark.parametrize("left", ["", "{", "hydra: {sweeper: {n_trials: 3}}"])
def test_where_the_owner_is_not_known_trials_decide(tmp_path, told, left):
    paths = StudyPaths(tmp_path)
    paths.multirun_yaml.write_text(left)
    check_owner(optuna.create_study(), paths)
    (tmp_path / "0").mkdir()
    assert "holds 1 trials that are not of study" in told(check_owner, optuna.create_study(), paths)


def test_a_study_without_a_result_begins_again_with_other_settings(monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    words = (*SMALL, "hydra.sweep.dir=study", "hydra.sweeper.n_jobs=0", "search_space.n_trials=2")
    diverges = ["--multirun", *words, "optimizer.lr=1e30", "optimizer.momentum=0.5"]
    failed = run_command(main, diverges, capfd)
    assert failed.code == 1, failed.err
    assert len(list(Path("study").glob("[0-9]"))) == 2
    again = ["--multirun", *words, "optimizer.lr=0.1", "search_space.n_trials=1"]
    assert run_command(main, again, capfd).code == 0
    table = pd.read_csv("study/results.csv")
    assert table["state"].tolist() == ["COMPLETE"]
    other = run_command(main, ["--multirun", *words, "optimizer.lr=0.2"], capfd)
    assert "was begun with other settings" in other.err
