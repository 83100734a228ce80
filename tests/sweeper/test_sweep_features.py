"""What a sweep of this project's own task can be asked for, from the command line."""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from command_line import SMALL, Ended, run_command
from sqlalchemy import make_url

from dropout_study.cli.train import main


@pytest.fixture
def sweep(monkeypatch, tmp_path, capfd):
    """Runs ``dropout-study --multirun`` and returns how it ended."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, small: Sequence[str] = SMALL) -> Ended:
        command = ["--multirun", *small, "hydra.sweep.dir=study", *words]
        return run_command(main, command, capfd)

    return run


def table(name: str = "results") -> pd.DataFrame:
    return pd.read_csv(Path("study") / f"{name}.csv")


def test_replicates_are_the_same_trial_with_other_seeds(sweep):
    ended = sweep("hydra.sweeper.replicates=3", "hydra.sweeper.n_trials=2", "trainer.seed=5")
    assert ended.code == 0, ended.err
    runs, trials = table("replicates"), table()
    assert runs["seed"].tolist() == [5, 6, 7] * 2
    assert trials["n"].tolist() == [3, 3]
    for _, trial in trials.iterrows():
        values = runs.loc[runs["trial"] == trial["trial"], "value"]
        assert trial["value"] == pytest.approx(values.mean())
        assert trial["value_sd"] == pytest.approx(values.std())
    assert Path("study/0/replicate_2/history.csv").is_file()


NO_MODEL = [word for word in SMALL if not word.startswith("model.")]
CONDITIONAL = (
    "hydra.sweeper.params={model: 'choice(linear, mlp)', model.dropout1: "
    "{distribution: 'choice(0, 0.5)', when: {model: mlp}}}"
)


@pytest.mark.parametrize(("pinned", "rates"), [([], {0, 0.5}), (["model.dropout1=0.3"], {0.3})])
def test_a_parameter_is_given_to_trials_where_its_condition_holds(sweep, pinned, rates):
    ended = sweep(
        *("hydra/sweeper/sampler=random", "hydra.sweeper.n_trials=8"),
        "hydra.sweeper.enqueue=[{model: mlp, model.dropout1: 0.5}]",
        *(CONDITIONAL, *pinned),
        small=NO_MODEL,
    )
    assert ended.code == 0, ended.err
    rows = table()
    assert set(rows["model"]) == {"linear", "mlp"}
    assert rows["model"][0] == "mlp"
    assert rows.loc[rows["model"] == "linear", "model.dropout1"].isna().all()
    assert set(rows.loc[rows["model"] == "mlp", "model.dropout1"]) == rates


def test_a_full_grid_of_conditional_parameters_is_refused(sweep):
    ended = sweep("hydra/sweeper/sampler=grid", CONDITIONAL, small=NO_MODEL)
    assert ended.code == 1
    assert "use hydra/sweeper/sampler=brute_force" in ended.err
    assert not Path("study").exists()


@pytest.mark.postgres
def test_a_study_on_postgres_is_resumed_and_keeps_its_password_to_itself(sweep):
    url = make_url(os.environ["DROPOUT_STUDY_POSTGRES"])
    secret = str(url.password or "tell-nobody")  # a server may ask for none
    url = url.set(password=secret)
    storage = f"hydra.sweeper.storage={url.render_as_string(hide_password=False)}"
    name = f"hydra.sweeper.study_name=sweep_{os.getpid()}"
    shown = ""
    for total in (3, 5):
        ended = sweep(storage, name, f"hydra.sweeper.n_trials={total}", "hydra.sweeper.n_jobs=2")
        assert ended.code == 0, ended.err
        assert table()["state"].tolist() == ["COMPLETE"] * total
        shown += ended.out + ended.err
    written = [path.read_bytes() for path in Path("study").rglob("*") if path.is_file()]
    assert not any(secret.encode() in text for text in [shown.encode(), *written])


def test_a_budget_of_time_leaves_the_rest_for_later(sweep):
    ended = sweep(
        "hydra.sweeper.timeout=0.001", "hydra.sweeper.n_trials=3", "hydra.sweeper.n_jobs=1"
    )
    assert "timeout" in ended.out + ended.err
    assert sweep("hydra.sweeper.n_trials=3").code == 0
    assert table()["state"].tolist() == ["COMPLETE"] * 3


def test_a_dry_run_writes_nothing(sweep):
    ended = sweep("hydra.sweeper.dry_run=true")
    assert ended.code == 0, ended.err
    assert "optimizer.lr" in ended.out
    assert not Path("study").exists()


@pytest.mark.parametrize("sampler", ["qmc", "gp", "cmaes", "nsgaii", "nsgaiii", "brute_force"])
def test_samplers_from_the_command_line(sweep, sampler):
    words = ("model.dropout1=range(0,0.8,0.2)", "model.dropout2=0", "optimizer.lr=0.1")
    if sampler in ("gp", "cmaes"):
        words = ("model.dropout2=0",)
    ended = sweep(f"hydra/sweeper/sampler={sampler}", "hydra.sweeper.n_trials=4", *words)
    assert ended.code == 0, ended.err
    assert len(table()) == 4


BY_SECONDS = ("hydra.sweeper.objective=seconds", "hydra.sweeper.direction=minimize")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["model.dropout1=choice(0.2,5)"], "`model.dropout1` must be in [0, 1), got 5.0"),
        (["trainer.epochs=interval(5,6)"], "search trainer.epochs='int(interval(5, 6))'"),
        (["model.hidden1=interval(64,512)"], "search model.hidden1='int(interval(64, 512))'"),
        (["optimizer=sgd,adm"], "`optimizer=adm` is no option of optimizer; did you mean `adam`?"),
        (["data.val_size=choice(0,100)"], "`data.val_size` must be > 0 in a sweep, got 0"),
        (["model.dropuot1=0.1,0.2"], "did you mean `model.dropout1`?"),
        (
            ["hydra/sweeper/pruner=pause_and_promote", "hydra.sweeper.pruner.min_resource=2"],
            "`hydra.sweeper.pruner.min_resource` must be below the 2 epochs of the longest trial",
        ),
        (
            ["hydra.sweeper.pruner=null", "hydra.sweeper.budget=9", *BY_SECONDS],
            "no value after each epoch, so hydra.sweeper.budget has nothing to count",
        ),
    ],
)
def test_a_candidate_that_cannot_be_trained_ends_the_sweep_before_it_begins(sweep, words, told):
    ended = sweep(*words)
    assert ended.code == 1
    assert told in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not Path("study").exists()


def test_reference_points_stay_when_a_range_is_changed(sweep):
    changed = ("model.dropout1=interval(0,0.4)", "optimizer.lr=tag(log,interval(0.01,0.1))")
    ended = sweep(*changed, "hydra.sweeper.n_trials=2", "hydra.sweeper.pruner=null")
    assert ended.code == 0, ended.err
    rows = table()
    assert rows["model.dropout1"].tolist() == [0.2, 0.0]
    assert rows["model.dropout2"].tolist() == [0.5, 0.0]
    assert rows["optimizer.lr"].tolist() == [0.1, 0.1]
    assert "fitted into the space: optimizer.lr 0.5 -> 0.1" in ended.out + ended.err


def test_a_list_as_a_value_goes_through_table_and_summary(sweep):
    words = ("model=mlp_deep", "model.widths=choice([8],[8,4])", "model.dropout=0")
    params = "hydra.sweeper.params={optimizer.lr: 'choice(0.1, 0.2)'}"
    small = [word for word in SMALL if not word.startswith("model.")]
    given = (
        "search_space=one_rate",
        "hydra/sweeper/sampler=grid",
        params,
        "hydra.sweeper.enqueue=[]",
    )
    ended = sweep(*words, *given, small=small)
    assert ended.code == 0, ended.err
    assert sorted(table()["model.widths"]) == ["[8, 4]", "[8, 4]", "[8]", "[8]"]


@pytest.mark.parametrize("runner", ["hydra.sweeper.n_jobs=1", "hydra/launcher=population"])
def test_a_group_is_searched_and_has_its_column(sweep, runner):
    params = "hydra.sweeper.params={lr_schedule: 'choice(constant, cosine)'}"
    ended = sweep(params, "hydra.sweeper.enqueue=[]", "hydra/sweeper/sampler=grid", runner)
    assert ended.code == 0, ended.err
    rows = table()
    assert sorted(rows["lr_schedule"]) == ["constant", "cosine"]
    assert rows["val_loss"].nunique() == 2, "the schedules differ in the second epoch"
    assert {"lr_schedule", "constant", "cosine"} <= set(ended.out.split())


def test_values_of_hydras_own_are_each_jobs(sweep):
    ended = sweep("trainer.seed=${hydra:job.num}", "hydra.sweeper.n_trials=2")
    assert ended.code == 0, ended.err
    assert table()["seed"].tolist() == [0, 1]
