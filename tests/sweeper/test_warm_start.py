"""Earlier studies: their trials teach the sampler and are nowhere else."""

import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import hydra
import optuna
import pandas as pd
import pytest
import yaml
from command_line import Ended, run_command
from omegaconf import DictConfig, OmegaConf
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from dropout_study.search.earlier import EarlierTrial
from dropout_study.search.storage.open import open_storage
from dropout_study.sweeper.samplers import SeededByTrial

Sweep = Callable[..., Ended]


def sphere(config: DictConfig) -> dict[str, float]:
    return {"value": (config.x - 3) ** 2 + config.get("y", 0), "other": 0.0}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the configuration of ``sphere``."""
    root = tmp_path_factory.mktemp("warm_start")
    (root / "conf").mkdir()
    (root / "conf" / "config.yaml").write_text("x: 0")
    return root


def run(root: Path, capsys: Any, directory: str, *words: str, trials: int) -> Ended:
    conf = str(root / "conf")
    app = hydra.main(version_base="1.3", config_path=conf, config_name="config")(sphere)
    given = ("--multirun", "hydra/sweeper=optuna_study", "hydra.sweeper.n_jobs=0")
    given += (f"hydra.sweep.dir={directory}", f"hydra.sweeper.n_trials={trials}")
    return run_command(app, [*given, *words], capsys)


@pytest.fixture
def sweep(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Sweep:
    """Sweeps in this process, beside an earlier study ``first``, which is made once."""
    monkeypatch.chdir(root)
    if not (root / "first").is_dir():
        assert run(root, capsys, "first", X, "+y=2", "+z=choice(1,2)", trials=16).code == 0
    shutil.copytree("first", tmp_path / "first")
    monkeypatch.chdir(tmp_path)
    return lambda directory, *words, trials=12: run(root, capsys, directory, *words, trials=trials)


X = "x=interval(-5,5)"
WARM = "hydra.sweeper.warm_start=[first]"


def xs(directory: str) -> list[float]:
    return pd.read_csv(Path(directory) / "results.csv")["x"].tolist()


def test_the_sampler_goes_on_where_the_earlier_study_was(sweep: Sweep) -> None:
    ended = sweep("warm", X, "+y=1", WARM, trials=4)

    assert ended.code == 0, ended.err
    assert "the sampler knows 16 of the 16 complete trials of first" in ended.out
    assert "of first had other settings: `y` 2, here 1" in ended.out
    assert median(abs(x - 3) for x in xs("warm")) < 2  # of random trials it is 3
    found = yaml.safe_load(Path("warm/optimization_results.yaml").read_text())
    assert found["best_value"] == min((x - 3) ** 2 + 1 for x in xs("warm"))
    assert len(xs("warm")) == len(stored("warm").trials) == 4


def stored(directory: str) -> optuna.Study:
    storage = open_storage(None, Path(directory) / "journal.log")
    return optuna.load_study(storage=storage, study_name=None)


def test_a_resumed_study_learns_from_what_it_began_with(sweep: Sweep) -> None:
    assert sweep("whole", X, WARM, trials=5).code == 0
    assert sweep("parts", X, WARM, trials=2).code == 0
    shutil.rmtree("first")
    assert sweep("parts", X, WARM, trials=5).code == 0

    assert xs("parts") == xs("whole")
    ended = sweep("parts", X, trials=7)
    assert ended.code == 1
    assert "`hydra.sweeper.warm_start` was ['first'], is now -" in ended.err


def test_parameters_that_only_one_of_the_studies_has(sweep: Sweep) -> None:
    """``y`` was fixed and is searched; ``z`` was searched and is no more; ``w`` is not known."""
    ended = sweep("warm", "x=interval(0,5)", "+y=interval(0,4)", "+w=choice(a,b)", WARM, trials=1)

    assert ended.code == 0, ended.err
    assert "not known of them, so random: w" in ended.out
    found = stored("warm").user_attrs["warm_start"]
    inside = [x for x in xs("first") if x >= 0]
    # pandas before 3 may read the last bit of a number wrongly
    assert [each["params"]["x"] for each in found] == pytest.approx(inside, rel=1e-14)
    assert f"knows {len(inside)} of the 16 complete trials" in ended.out
    assert {each["params"]["y"] for each in found} == {2}
    assert {each["params"]["w"] for each in found} == {"a", "b"}
    assert all(each["params"].keys() == {"x", "y", "w"} for each in found)
    assert found[0]["source"].startswith("first/")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((X, "hydra.sweeper.warm_start=[nowhere]"), "nowhere is no directory of a study"),
        ((X, "hydra.sweeper.warm_start=[warm]"), "warm is the directory of this study itself"),
        ((X, "hydra.sweeper.warm_start=[3]"), "must be a list of directories of studies"),
        ((X, WARM, "hydra.sweeper.direction=maximize"), "minimize value, this one: maximize value"),
        ((X, WARM, "hydra.sweeper.objective=other"), "minimize value, this one: minimize other"),
        (("+y=interval(0,1)", WARM), "no parameter in common with this one; it searched x, z"),
        (("x=interval(50,60)", WARM), "none of the 16 complete trials of first lies in"),
        ((X, WARM, "hydra/sweeper/sampler=random"), "no use for RandomSampler"),
        (("hydra.sweeper.points=[{x: 1}]", WARM), "is the whole study"),
    ],
)
def test_what_cannot_teach_is_refused_before_anything_is_written(
    sweep: Sweep, words: tuple[str, ...], told: str
) -> None:
    ended = sweep("warm", *words)

    assert ended.code == 1
    assert told in ended.err
    assert not Path("warm").exists()


def test_a_study_that_has_lost_its_storage_is_refused(sweep: Sweep) -> None:
    Path("first/journal.log").unlink()
    assert "first has lost its journal.log" in sweep("warm", X, WARM).err

    config = OmegaConf.load("first/multirun.yaml")
    config.hydra.sweeper.storage = "sqlite:///gone.db"
    OmegaConf.save(config, "first/multirun.yaml")
    assert "first has lost its gone.db" in sweep("warm", X, WARM).err
    assert not [*Path().rglob("gone.db"), *Path().rglob("first/journal.log")]


SPACE = {"x": FloatDistribution(-5, 5), "n": IntDistribution(1, 9)}
EARLIER = [
    EarlierTrial(f"a/{i}", {"x": i / 4 - 5, "n": 1 + i % 9}, [(i / 4 - 8) ** 2]) for i in range(40)
]


@pytest.mark.parametrize("name", ["TPESampler", "GPSampler", "CmaEsSampler"])
def test_each_sampler_that_learns_begins_near_the_earlier_optimum(name: str) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = SeededByTrial(
        OmegaConf.create({"_target_": f"optuna.samplers.{name}", "seed": 0}), SPACE
    )
    sampler.learn_from(EARLIER)
    study = optuna.create_study(sampler=sampler)
    drawn = []
    for _ in range(4):
        trial = study.ask()
        drawn.append(trial.suggest_float("x", -5, 5))
        trial.suggest_int("n", 1, 9)
        study.tell(trial, (drawn[-1] - 3) ** 2)

    assert len(study.trials) == 4
    assert min(drawn[1:]) > 0  # the earlier optimum is 3


def test_an_earlier_trial_outside_of_a_changed_space_is_left_out() -> None:
    sampler = SeededByTrial(
        OmegaConf.create({"_target_": "optuna.samplers.TPESampler", "seed": 0}),
        {"x": FloatDistribution(0, 5), "n": CategoricalDistribution((1, 2))},
    )
    sampler.learn_from(EARLIER)
    assert {trial.params["n"] for trial in sampler._earlier} == {1, 2}
    assert min(trial.params["x"] for trial in sampler._earlier) >= 0
