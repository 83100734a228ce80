"""Trials that differ only in their epochs: nothing is trained twice, and nothing else changes."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from command_line import run_command
from safetensors import safe_open

from dropout_study.cli.extend import extend
from dropout_study.cli.train import main
from dropout_study.task.rerun import rerun_trial
from dropout_study.training import single

GRID = (
    *("--multirun", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_jobs=0", "report=none"),
    *("hydra.sweeper.n_trials=6", "hydra.sweeper.enqueue=[]", "data=synthetic", "data.n_train=96"),
    *("data.val_size=32", "data.n_test=16", "data.contrast=0.6", "trainer.device=cpu"),
    *("model.hidden1=12", "model.hidden2=12", "model.init_std=null", "trainer.batch_size=16"),
    *("model.dropout1=0.2", "model.dropout2=0.5", "optimizer.lr=choice(0.1,0.2)"),
    "trainer.epochs=choice(4,2,7)",
)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Counts the epochs that are trained, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    epochs: list[int] = []
    train_epoch = single._train_epoch

    def counted(*args: Any) -> dict[str, float]:
        epochs.append(args[5])
        return train_epoch(*args)

    monkeypatch.setattr(single, "_train_epoch", counted)
    return epochs


def sweep(capfd: pytest.CaptureFixture[str], root: str, *words: str) -> tuple[pd.DataFrame, str]:
    ended = run_command(main, [*GRID, *words, f"hydra.sweep.dir={root}"], capfd)
    assert ended.code == 0, ended.err
    table = pd.read_csv(Path(root) / "results.csv")
    return table.drop(columns=["seconds", "trainer.resume"], errors="ignore"), ended.out + ended.err


def test_a_grid_over_epochs_costs_its_longest(trained, capfd):
    got, told = sweep(capfd, "shared")
    assert len(trained) == 2 * 7
    assert told.count(" begins with the epochs of trial ") == 4
    assert not list(Path("shared").rglob("resume.safetensors"))
    trained.clear()
    want, _ = sweep(capfd, "each", "hydra.sweeper.duplicates=run")
    assert len(trained) == 2 * (4 + 2 + 7)
    pd.testing.assert_frame_equal(got, want)
    curves = [Path(root).glob("*/history.csv") for root in ("shared", "each")]
    for mine, theirs in zip(*map(sorted, curves), strict=True):
        columns = [pd.read_csv(path).drop(columns="seconds") for path in (mine, theirs)]
        pd.testing.assert_frame_equal(*columns)


@pytest.mark.parametrize(
    "words",
    [("lr_schedule=cosine",), ("schedule=linear",), ("trainer.resume=off",)],
    ids=lambda words: words[0],
)
def test_what_depends_on_the_number_of_epochs_is_not_shared(words, trained, capfd):
    one_rate = ("optimizer.lr=0.1", "hydra.sweeper.n_trials=2", "trainer.epochs=choice(1,2)")
    _, told = sweep(capfd, "study", *one_rate, *words)
    assert len(trained) == 3
    assert "begins with" not in told


def test_weights_that_are_saved_are_those_of_the_trials_own_last_epoch(trained, capfd):
    few = ("optimizer.lr=0.1", "hydra.sweeper.n_trials=2", "trainer.epochs=choice(3,1)")
    table, _ = sweep(capfd, "study", *few, "trainer.checkpoint=last")
    assert len(trained) in (3, 4)  # a longer trial continues, a shorter one needs its own weights
    for number, epochs in enumerate(table["trainer.epochs"]):
        with safe_open(f"study/{number}/checkpoint.safetensors", framework="pt") as weights:
            assert weights.metadata()["epoch"] == str(epochs)


@pytest.mark.usefixtures("trained")
def test_the_best_trials_are_extended_from_their_states(capfd, caplog):
    caplog.set_level(logging.INFO)
    few = ("trainer.epochs=2", "hydra.sweeper.n_trials=2", "trainer.resume=keep")
    sweep(capfd, "study", *few)

    def extended(*words: str) -> tuple[pd.DataFrame, str]:
        ended = run_command(extend, ["study", *words], capfd)
        assert ended.code == 0, ended.err
        table = pd.read_csv("study/extended_4/results.csv").drop(columns="seconds")
        told = caplog.text
        caplog.clear()
        return table, told

    caplog.clear()
    before = Path("study/results.csv").read_bytes()
    one, told = extended("top=1", "epochs=4")
    assert "begin" not in told
    assert list(one["epochs_run"]) == [4]
    assert next(rerun_trial(Path("study/extended_4"), 0)).same  # up to rounding
    both, told = extended("top=2", "epochs=4")
    assert "1 of 2 runs to train" in told
    assert list(both["trial"]) == [0, 1]
    assert Path("study/results.csv").read_bytes() == before
    for state in Path("study").rglob("resume.safetensors"):
        state.unlink()
    for record in Path("study/extended_4").glob("*/metrics.json"):
        record.unlink()
    again, told = extended("top=2", "epochs=4")
    assert told.count("is trained from its beginning: the study has not kept its state") == 2
    numbers = both.select_dtypes("number").columns
    pd.testing.assert_frame_equal(again[numbers], both[numbers], rtol=1e-4)


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["top=1"], "the following arguments are required: --epochs"),
        (["epochs=2"], "`epochs` must be more than trial 0 has, 2, got 2"),
        (["--top", "0", "epochs=4"], "`--top` must be a whole number >= 1, got '0'"),
        (["epochs=4", "topp=1"], "there is no option `topp=1`; did you mean `--top`?"),
    ],
)
def test_an_extension_that_cannot_be_is_one_line(words, why, capfd):
    few = ("trainer.epochs=2", "hydra.sweeper.n_trials=1", "optimizer.lr=choice(0.1)")
    sweep(capfd, "study", *few)
    ended = run_command(extend, ["study", *words], capfd)
    assert ended.code == 1
    assert why in ended.err
    assert not list(Path("study").glob("extended*"))
