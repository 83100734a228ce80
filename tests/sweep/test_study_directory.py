"""A directory belongs to the study that was begun in it, from before its first trial."""

from pathlib import Path

import optuna
import pytest

from dropout_study.paths import StudyPaths
from dropout_study.sweep.directory import check_owner

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
