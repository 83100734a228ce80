"""This project's own trials pause, continue from their last state, and end as if never stopped."""

from pathlib import Path

import pandas as pd
import pytest
from command_line import SMALL, run_command

from dropout_study.cli.train import main
from dropout_study.paths import JobPaths, StudyPaths

EPOCHS = 3
SEARCH = (
    *(word for word in SMALL if not word.startswith("trainer.epochs")),
    *("trainer.epochs=3", "hydra/sweeper/sampler=random", "hydra.sweeper.sampler.seed=1"),
    *("hydra.sweeper.n_trials=4", "optimizer.lr=tag(log,interval(0.01,0.3))"),
)
PAUSES = ("hydra/sweeper/pruner=pause_and_promote", "hydra.sweeper.pruner.reduction_factor=2")


def run(capture, *words: str) -> pd.DataFrame:
    done = run_command(main, ["--multirun", *SEARCH, *words], capture)
    assert done.code == 0, done.err
    root = next(word.partition("=")[2] for word in words if word.startswith("hydra.sweep.dir="))
    return pd.read_csv(StudyPaths(Path(root)).results_csv).set_index("trial")


def history(root: str, number: int) -> pd.DataFrame:
    frame = pd.read_csv(JobPaths(Path(root, str(number))).history_csv)
    return frame.drop(columns="seconds")


def test_trials_that_paused_end_as_those_never_stopped(monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    never = run(
        capfd, "hydra.sweep.dir=never", "hydra.sweeper.pruner=null", "hydra.sweeper.n_jobs=0"
    )
    assert never["epochs_run"].tolist() == [EPOCHS] * 4
    for runner in ("hydra.sweeper.n_jobs=0", "hydra/launcher=population"):
        root = runner.rpartition("=")[2]
        paused = run(capfd, f"hydra.sweep.dir={root}", *PAUSES, runner)
        assert set(paused["epochs_run"]) <= {1, 2, EPOCHS}
        assert (paused["epochs_run"] > 1).sum() >= 2
        assert set(paused["state"]) <= {"PRUNED", "COMPLETE"}
        for number, row in paused.iterrows():
            whole = history("never", number).iloc[: row["epochs_run"]]
            got = history(root, number)
            pd.testing.assert_frame_equal(got, whole, rtol=1e-4, atol=2e-3)
            assert row["val_loss"] == pytest.approx(got["val_loss"].iloc[-1])
            assert not JobPaths(Path(root, str(number))).resume.exists()
