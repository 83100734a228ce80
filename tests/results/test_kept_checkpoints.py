"""The directory of a task's checkpoints: whose it is, and when it goes."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from dropout_study import current_trial
from dropout_study.paths import JobPaths
from dropout_study.results.recorder import StudyRecorder
from dropout_study.sweeper.outcome import Outcome
from dropout_study.sweeper.source import Assignment
from dropout_study.trial import TrialState

JOB = Assignment(3, ["+x=1", "hydra.sweep.subdir=3"], {"x": 1})


@pytest.fixture
def paths(tmp_path: Path) -> JobPaths:
    """A job that was begun, and has kept something."""
    paths = JobPaths(tmp_path / "3")
    paths.checkpoint_dir.mkdir(parents=True)
    paths.overrides_yaml.parent.mkdir()
    OmegaConf.save(OmegaConf.create(["+x=1"]), paths.overrides_yaml)
    return paths


def test_it_survives_until_the_trial_has_ended(paths):
    recorder = StudyRecorder(paths.root.parent, ["value"])
    recorder.begin(JOB)
    recorder.record(JOB, Outcome(TrialState.PAUSED, (1.0,)))
    assert paths.checkpoint_dir.is_dir()
    recorder.record(JOB, Outcome(TrialState.COMPLETE, (1.0,)))
    assert not paths.checkpoint_dir.exists()


def test_another_study_in_the_same_directory_does_not_find_it(paths):
    StudyRecorder(paths.root.parent, ["value"]).begin(Assignment(3, ["+x=2"], {"x": 2}))
    assert not paths.checkpoint_dir.exists()


def test_outside_a_sweep_it_is_empty_and_temporary(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    directory = current_trial().checkpoint_dir()
    assert list(directory.iterdir()) == []
    assert tmp_path not in directory.parents
