"""The sweeper in an application that is not this project's."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import yaml
from command_line import own_logging
from generations import optuna_5
from hydra.test_utils.launcher_common_tests import BatchedSweeperTestSuite

APP = Path(__file__).parent / "apps" / "sphere.py"
POINTS = [{"group1": g, "bar": b} for g in ("file1", "file2") for b in (100, 200, 300)]


def as_override(points: list[dict[str, object]]) -> str:
    inside = ",".join("{" + ",".join(f"{k}:{v}" for k, v in p.items()) + "}" for p in points)
    return f"hydra.sweeper.enqueue=[{inside}]"


@pytest.mark.parametrize(
    ("launcher_name", "overrides"),
    [
        (
            "joblib",
            [
                *("hydra/sweeper=optuna_study", "hydra.sweeper.n_jobs=2"),
                *("hydra.launcher.n_jobs=1", "hydra.sweeper.n_trials=6", as_override(POINTS)),
                "hydra.job.chdir=true",
            ],
        )
    ],
)
class TestHydrasOwnSuite(BatchedSweeperTestSuite):
    """Six points, enqueued in the order that the suite wants, in three waves of two."""

    @pytest.fixture(autouse=True)
    def own_logging(self) -> Iterator[None]:
        """The suite's jobs leave handlers behind, of files that go with them."""
        with own_logging():
            yield


@pytest.fixture
def sweep(tmp_path):
    """Runs the application with words and returns its study's table."""

    def run(*words: str, n_trials: int = 6, code: int = 0) -> pd.DataFrame:
        command = [
            *(sys.executable, str(APP), "--multirun", "hydra/sweeper=optuna_study"),
            *("hydra.sweep.dir=study", f"hydra.sweeper.n_trials={n_trials}"),
            *("hydra.sweeper.direction=minimize" if "direction" not in "".join(words) else "",),
            *words,
        ]
        ended = subprocess.run(
            [word for word in command if word],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == code, ended.stderr + ended.stdout
        return pd.read_csv(tmp_path / "study" / "results.csv")

    return run


def summary(tmp_path: Path) -> dict[str, object]:
    return yaml.safe_load((tmp_path / "study" / "optimization_results.yaml").read_text())


@optuna_5
def test_a_dict_gives_the_objective_and_columns(sweep, tmp_path):
    table = sweep("+x=interval(-1,1)", "+y=range(0,3)", "hydra.sweeper.constraints=['cost <= 0']")
    assert (table["state"] == "COMPLETE").all()
    assert table["number"].tolist() == table["trial"].tolist() == list(range(6))
    assert set(table["y"]) <= {0, 1, 2}, "range leaves its end out"
    best = table.loc[table["cost"] <= 0, "value"].min()
    assert summary(tmp_path)["best_value"] == pytest.approx(best), "feasible trials come first"
    assert summary(tmp_path)["best_job_dir"] == str(summary(tmp_path)["best_trial"])


def test_a_float_is_the_objective(sweep, tmp_path):
    table = sweep("+x=interval(-1,1)", "+returns=float", n_trials=3)
    assert summary(tmp_path)["best_value"] == pytest.approx(table["value"].min())


def test_several_objectives(sweep, tmp_path):
    words = ("+x=interval(0,1)", "+returns=list", "hydra.sweeper.direction=[minimize,maximize]")
    table = sweep(*words, "hydra.sweeper.objective=[square,minus]")
    assert table["square"].tolist() == pytest.approx((table["minus"] ** 2).tolist())
    told = summary(tmp_path)
    assert told["name"] == "optuna"
    assert told["solutions"][0].keys() >= {"params", "values"}


def test_a_custom_search_space_adds_parameters(sweep):
    function = "hydra.sweeper.custom_search_space=sphere.more"
    table = sweep("+x=interval(0,1)", "+z=0", function, n_trials=3)
    assert table["z"].between(0, 1).all()
    assert table["z"].nunique() == 3


JOBLIB = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.n_jobs=2")
EVERYWHERE = pytest.mark.parametrize(
    "runner",
    [("hydra.sweeper.n_jobs=0",), ("hydra.sweeper.n_jobs=1",), JOBLIB],
    ids=["here", "workers", "joblib"],
)


@EVERYWHERE
def test_pruning_works_wherever_a_trial_runs(sweep, runner):
    pruner = ("hydra/sweeper/pruner=threshold", "hydra.sweeper.pruner.upper=0.25")
    enqueued = "hydra.sweeper.enqueue=[{x:0.1},{x:0.9},{x:0.2},{x:0.8}]"
    table = sweep("+x=interval(0,1)", enqueued, *pruner, *runner, n_trials=4)
    assert table["state"].tolist() == ["COMPLETE", "PRUNED", "COMPLETE", "PRUNED"]
    assert table["steps"].tolist() == [5, 1, 5, 1]
    assert table["value"].tolist() == pytest.approx([0.01, 0.81, 0.04, 0.64])


@EVERYWHERE
def test_trials_pause_and_continue_wherever_they_run(sweep, runner):
    pruner = ("hydra/sweeper/pruner=pause_and_promote", "hydra.sweeper.pruner.reduction_factor=2")
    enqueued = "hydra.sweeper.enqueue=[{x:0.9},{x:0.1},{x:0.8},{x:0.2}]"
    rungs = "hydra.sweeper.pruner.max_resource=4"  # 1 and 2
    table = sweep("+x=interval(0,1)", enqueued, *pruner, rungs, *runner, n_trials=4)
    assert table["state"].tolist() == ["PRUNED", "COMPLETE", "PRUNED", "PRUNED"]
    assert table["steps"].tolist() == [1, 5, 1, 2]
    assert table["number"].tolist()[1] == 1


def test_a_budget_of_steps_ends_a_study_of_any_launcher(sweep):
    table = sweep("+x=interval(0,1)", "hydra.sweeper.budget=7", *JOBLIB, n_trials=50)
    assert table["steps"].sum() in (7, 8), "one of the two may be in its next step"
    assert "PRUNED" in table["state"].tolist()


def test_a_budget_is_refused_by_the_first_trial_that_reports_nothing(sweep):
    table = sweep(
        *("+x=interval(0,1)", "+returns=float", "hydra.sweeper.budget=7", "hydra.sweeper.n_jobs=0"),
        code=1,
    )
    assert len(table) == 1


def test_a_searched_key_may_have_the_name_of_a_column(sweep):
    names = ("state", "trial", "error", "number", "job_dir", "value", "seconds", "n")
    words = [f"+{name}=choice(a,b)" for name in names]
    table = sweep("+x=interval(0,1)", *words, n_trials=2)
    assert table["state"].tolist() == ["COMPLETE"] * 2
    assert table["trial"].tolist() == table["job_dir"].tolist() == [0, 1]
    assert table["value"].tolist() == pytest.approx((table["x"] ** 2).tolist())
    assert {f"params_{name}" for name in names if name != "number"} <= set(table)
    assert set(table["params_state"]) <= {"a", "b"}


def refusal(tmp_path: Path, *words: str) -> str:
    """Returns what a sweep that must be refused says."""
    command = [sys.executable, str(APP), "--multirun", "hydra/sweeper=optuna_study"]
    given = [*command, "hydra.sweep.dir=study", "+x=interval(0,1)", *words]
    ended = subprocess.run(given, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stdout
    assert "Traceback" not in ended.stderr
    return ended.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "replicates=2 needs the key of the task's seed: give hydra.sweeper.seed_key=KEY"),
        (("hydra.sweeper.seed_key=seed",), "seed_key=seed is no key of the configuration"),
        (("hydra.sweeper.seed_key=x",), "`x` is searched and is hydra.sweeper.seed_key as well"),
        (("+seed=abc", "hydra.sweeper.seed_key=seed"), "`seed` must be a whole number for 2"),
    ],
)
def test_replicates_need_the_key_of_a_seed(tmp_path, words, said):
    assert said in refusal(tmp_path, "hydra.sweeper.replicates=2", *words)
    assert not (tmp_path / "study").exists()


def test_replicates_have_the_seeds_of_the_key_that_is_given(sweep, tmp_path):
    words = ("+seed=7", "hydra.sweeper.seed_key=seed", "hydra.sweeper.replicates=2")
    sweep("+x=interval(0,1)", *words, n_trials=1)
    runs = [tmp_path / "study" / "0" / f"replicate_{i}" / ".hydra" for i in (0, 1)]
    seeds = [yaml.safe_load((run / "config.yaml").read_text())["seed"] for run in runs]
    assert seeds == [7, 8]


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "''", "a/b", "..", "x" * 300])
def test_a_name_that_is_no_directorys_is_refused_where_it_names_one(tmp_path, name):
    directory = "hydra.sweep.dir=out/${hydra.sweeper.study_name}"
    said = refusal(tmp_path, directory, f"hydra.sweeper.study_name={name}")
    assert "`hydra.sweeper.study_name` must be the name of a directory" in said
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_names_no_directory_may_be_any_text(sweep, tmp_path):
    sweep("+x=interval(0,1)", "hydra.sweeper.study_name=team/first", n_trials=1)
    assert (
        "study_name: team/first" in (tmp_path / "study" / "optimization_results.yaml").read_text()
    )


def test_a_directory_with_the_trials_of_another_sweep_is_refused(sweep, tmp_path):
    sweep("+x=interval(0,1)", n_trials=1)
    before = (tmp_path / "study" / "results.csv").read_bytes()
    said = refusal(tmp_path, "hydra.sweeper.study_name=another")
    assert "study belongs to study `study`, not `another`; a directory belongs to one" in said
    assert (tmp_path / "study" / "results.csv").read_bytes() == before


@pytest.mark.parametrize("storage", [(), ("hydra.sweeper.storage=sqlite:///study.db",)])
@pytest.mark.parametrize(
    "runner",
    [
        ("hydra.sweeper.n_jobs=0",),
        ("hydra.sweeper.n_jobs=1",),
        ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "hydra.sweeper.n_jobs=2"),
    ],
    ids=["here", "workers", "joblib"],
)
def test_a_job_may_change_directory(sweep, tmp_path, runner, storage):
    table = sweep("+x=interval(0,1)", "hydra.job.chdir=true", *runner, *storage, n_trials=3)
    assert table["state"].tolist() == ["COMPLETE"] * 3
    assert table["job_dir"].tolist() == [0, 1, 2]
    assert [p.parent for p in tmp_path.rglob("*.db")] == [tmp_path] * len(storage)
    assert not list(tmp_path.glob("study/*/*.lock")) + list(tmp_path.glob("study/*/study"))


def ran(tmp_path: Path) -> list[int]:
    """Returns the numbers of the trials that had a job."""
    return sorted(int(path.parent.name) for path in tmp_path.glob("study/*/.hydra"))


def test_a_point_that_comes_again_is_run_again(sweep, tmp_path):
    table = sweep("+x=choice(1,2)", "hydra/sweeper/sampler=random", n_trials=4)
    assert set(table["x"]) <= {1, 2}
    assert ran(tmp_path) == list(range(4))


def test_a_point_is_not_run_twice_where_results_are_reused(sweep, tmp_path):
    words = ("hydra/sweeper/sampler=random", "hydra.sweeper.duplicates=reuse")
    table = sweep("+x=choice(1,2)", *words, n_trials=8)
    assert len(table) == 8
    assert set(table["x"]) == {1, 2}
    trained = table[table["duplicate_of"].isna()]
    assert len(trained) == 2
    assert ran(tmp_path) == sorted(trained["trial"])


@pytest.mark.parametrize("sampler", ["grid", "brute_force"])
def test_a_grid_ends_when_every_point_was_tried(sampler, sweep, tmp_path):
    table = sweep("+x=choice(1,2)", "+y=range(0,2)", f"hydra/sweeper/sampler={sampler}", n_trials=9)
    assert sorted(zip(table["x"], table["y"], strict=True)) == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert ran(tmp_path) == list(range(4))


def test_an_optuna_callback_can_end_the_study(sweep):
    callback = (
        "hydra.sweeper.callbacks=[{_target_:optuna.study.MaxTrialsCallback,n_trials:3,states:null}]"
    )
    table = sweep("+x=interval(0,1)", callback, "hydra.sweeper.n_jobs=1", n_trials=20)
    assert len(table) == 3
