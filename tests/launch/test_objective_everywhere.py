"""Whoever runs the trials: what is reported is the objective, and pruners have its direction."""

import csv
from pathlib import Path

import optuna
import pandas as pd
import pytest
from command_line import SMALL, run_command

from dropout_study.cli.train import main
from dropout_study.search.storage.open import open_storage
from dropout_study.task.rerun import rerun_trial

WAYS = {
    "here": ["hydra.sweeper.n_jobs=0"],
    "workers": ["hydra.sweeper.n_jobs=1"],
    "population": ["hydra/launcher=population", "hydra.launcher.capacity=1"],
    "waves": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=1", "hydra.sweeper.n_jobs=1"],
}
RATES = (0.05, 0.0001, 0.2)  # of learning: middling, worse, best
SEARCH = [
    "hydra.sweeper.params={optimizer.lr: 'interval(0.00001,1)'}",
    "hydra.sweeper.enqueue=[" + ",".join(f"{{optimizer.lr: {x}}}" for x in RATES) + "]",
    *("hydra.sweeper.n_trials=3", "hydra/sweeper/pruner=median", "trainer.epochs=3"),
    *("hydra.sweeper.pruner.n_startup_trials=1", "model.init_std=null"),
]
SMALLER = [word for word in SMALL if not word.startswith("trainer.epochs")]


def swept(words: list[str], capture) -> tuple[pd.DataFrame, optuna.Study]:
    command = ["--multirun", *SMALLER, *SEARCH, "hydra.sweep.dir=study", *words]
    ended = run_command(main, command, capture)
    assert ended.code == 0, ended.err
    storage = open_storage(None, Path("study/journal.log"))
    study = optuna.load_study(study_name="dropout", storage=storage)
    return pd.read_csv("study/results.csv"), study


@pytest.mark.parametrize("way", WAYS)
def test_a_loss_to_be_minimized_is_what_is_reported_and_pruned_by(
    way, tmp_path, monkeypatch, capfd
):
    if way == "waves":
        pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    monkeypatch.chdir(tmp_path)
    words = ["hydra.sweeper.objective=val_loss", "hydra.sweeper.direction=minimize"]
    table, study = swept([*words, *WAYS[way]], capfd)
    assert table["state"].tolist() == ["COMPLETE", "PRUNED", "COMPLETE"]
    assert study.best_trial.number == 2 == table["value"].idxmin()
    for trial in study.trials:
        with Path(f"study/{trial.number}/history.csv").open(newline="") as stream:
            losses = [float(row["val_loss"]) for row in csv.DictReader(stream)]  # to the last bit
        assert list(trial.intermediate_values.values()) == losses
        value = pytest.approx(trial.value, rel=1e-12)
        assert table["value"][trial.number] == value
        assert table["val_loss"][trial.number] == value


def test_measurements_of_a_population_are_those_of_a_run_alone(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    table, _ = swept(["trainer.measure=[gap,weight_distance]", *WAYS["population"]], capfd)
    assert table[["gap_loss_on", "gap_accuracy_off", "weight_distance"]].notna().all().all()
    (again,) = rerun_trial(Path("study"), 1)
    assert again.same, again.numbers


@pytest.mark.parametrize("way", ["workers", "population"])
def test_the_mean_of_the_last_epochs_is_reported_so_far(way, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    table, study = swept(["trainer.objective=mean_last_2", *WAYS[way]], capfd)
    means = pd.read_csv("study/2/history.csv")["val_accuracy"].rolling(2, min_periods=1).mean()
    assert list(study.trials[2].intermediate_values.values()) == pytest.approx(means.tolist())
    assert table["value"][2] == pytest.approx(means.iloc[-1])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hydra.sweeper.objective=val_acuracy"], "did you mean `val_accuracy`?"),
        (["hydra.sweeper.objective=test_accuracy"], "nothing is chosen on the test set"),
        (["hydra.sweeper.objective=val_loss"], "use hydra.sweeper.direction=minimize"),
        (
            ["hydra.sweeper.objective=seconds", "hydra.sweeper.direction=minimize"],
            "use hydra/sweeper/pruner=none",
        ),
    ],
)
def test_an_objective_that_cannot_be_is_refused_before_anything_is_written(
    words, says, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    command = ["--multirun", *SMALLER, *SEARCH, "hydra.sweep.dir=study", *words]
    ended = run_command(main, command, capfd)
    assert ended.code != 0
    assert says in ended.err
    assert not Path("study").exists()
