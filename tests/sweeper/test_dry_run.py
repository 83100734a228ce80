"""What a dry run prints, and that it writes nothing."""

import io
import subprocess
import sys
from itertools import islice
from pathlib import Path

import optuna
import pytest
from command_line import SMALL
from hydra.conf import HydraConf
from omegaconf import DictConfig, OmegaConf
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from rich.console import Console

from dropout_study.search.conditions import suggest
from dropout_study.sweeper.confs.samplers import TPESamplerConf
from dropout_study.sweeper.display.dry_run import first_points, in_words, print_plan
from dropout_study.sweeper.planning.parameters import Parameter, Setting, choice_of, zip_of
from dropout_study.sweeper.planning.plan import SweepPlan
from dropout_study.sweeper.planning.prepare import Prepared
from dropout_study.sweeper.samplers import SeededByTrial
from dropout_study.sweeper.settings import SweepSettings
from dropout_study.task.cost import cost_of_training, mean_epochs, seconds_per_epoch

SPACE = {
    "model": CategoricalDistribution(("mlp", "mlp_deep")),
    "model.dropout": FloatDistribution(0, 0.8),
    "trainer.epochs": IntDistribution(5, 20),
}
CONDITIONS = {"model.dropout": {"model": ("mlp_deep",), "data": ("mnist", "kmnist")}}


def plan_of(space) -> SweepPlan:
    """A plan whose choices are stored as they are."""
    return SweepPlan(
        tuple(
            choice_of(name, name, each.choices)
            if isinstance(each, CategoricalDistribution)
            else Parameter(name, name, each)
            for name, each in space.items()
        ),
        CONDITIONS,
    )


PLAN = plan_of(SPACE)
FIXED = {"data": "mnist"}
POINTS = [{"model": "mlp", "trainer.epochs": 10}]
CONF = OmegaConf.structured(TPESamplerConf)


def suggest_all(trial: optuna.Trial) -> list[str]:
    return list(suggest(trial, SPACE, CONDITIONS, FIXED))


class FakeComposer:
    """Composes a configuration of nothing but the job's own overrides."""

    def job_config(self, overrides, _number):
        pairs = (override.partition("=")[::2] for override in overrides)
        return OmegaConf.create({key: int(value) for key, value in pairs if value.isdecimal()})


def printed(settings, plan=PLAN, **kwargs) -> list[str]:
    console = Console(file=io.StringIO(), width=100)
    sampler = SeededByTrial(CONF, plan.space)
    whole = OmegaConf.create({"hydra": OmegaConf.structured(HydraConf)})
    whole.hydra.runtime.choices = FIXED
    ready = Prepared(settings, plan, whole, POINTS, FakeComposer(), whole)
    print_plan(ready, sampler, console=console, **kwargs)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("distribution", "words"),
    [
        (CategoricalDistribution(("a", 3, None)), "one of a, 3, None"),
        (FloatDistribution(0, 0.8), "0 to 0.8"),
        (FloatDistribution(0.01, 1, log=True), "0.01 to 1, log scale"),
        (FloatDistribution(0, 0.8, step=0.2), "0 to 0.8 in steps of 0.2"),
        (IntDistribution(5, 20), "5 to 20, whole numbers"),
        (IntDistribution(0, 8, step=2), "0 to 8 in steps of 2, whole numbers"),
        (IntDistribution(1, 64, log=True), "1 to 64, whole numbers, log scale"),
    ],
)
def test_a_distribution_is_told_in_words(distribution, words):
    assert in_words(distribution) == words


def test_the_plan_tells_space_size_first_points_and_cost():
    settings = SweepSettings(sampler=CONF, n_trials=3, n_jobs=2, replicates=4)
    lines = printed(settings, cost=lambda *_: "It costs nothing.")
    assert lines[0] == "3 trials of 4 replicates, 2 at once: minimize value"
    assert lines[2:5] == [
        "model           one of mlp, mlp_deep",
        "model.dropout   0 to 0.8                model is mlp_deep and data is mnist or kmnist",
        "trainer.epochs  5 to 20, whole numbers",
    ]
    assert lines[5] == "The space has infinitely many points."
    assert lines[7].split() == ["trial", "model", "trainer.epochs", "model.dropout"]
    assert lines[8].split() == ["0", "mlp", "10", "enqueued"]
    assert [line.split()[0] for line in lines[8:11]] == ["0", "1", "2"]
    assert lines[-2:] == [
        "It costs nothing.",
        "This was a dry run: no file of the study was written.",
    ]


def test_a_space_of_points_is_counted_under_its_conditions():
    space = {**SPACE, "model.dropout": CategoricalDistribution((0.0, 0.5))}
    lines = printed(SweepSettings(sampler=CONF), plan_of(space))
    assert "The space has 48 points." in lines  # 16 epochs of mlp, twice as many of mlp_deep


FOREIGN = """
import hydra
from hydra.core.config_store import ConfigStore

store = ConfigStore.instance().store
store("config", {"defaults": ["_self_", {"model": "mlp"}], "trainer": {"epochs": 3, "seed": "abc"},
                 "data": ["a", "b"], "optimizer": None, "search_space": ["x"]})
store("mlp", {"dropout1": 0.5}, group="model")

@hydra.main(version_base="1.3", config_name="config")
def app(config):
    return config.model.dropout1

if __name__ == "__main__":
    app()
"""


def test_a_foreign_task_with_groups_of_our_names_is_planned_without_a_cost(tmp_path):
    (tmp_path / "app.py").write_text(FOREIGN)
    words = ("hydra/sweeper=optuna_study", "hydra.sweeper.dry_run=true", "hydra.sweep.dir=study")
    searched = ("model.dropout1=interval(0,1)", "trainer.epochs=range(1,4)")
    command = [sys.executable, "app.py", "--multirun", *words, *searched]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("20 trials, ")
    assert "trainer.epochs  1 to 3, whole numbers" in ended.stdout
    assert "epoch takes" not in ended.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["app.py"]


def test_the_first_points_are_those_that_the_study_runs():
    study = optuna.create_study(sampler=SeededByTrial(CONF, SPACE), direction="maximize")
    study.enqueue_trial(POINTS[0])
    ran = []
    for _ in range(6):
        trial = study.ask()
        ran.append({name: trial.params[name] for name in suggest_all(trial)})
        study.tell(trial, trial.params["trainer.epochs"])
    told = first_points(POINTS, suggest_all, SeededByTrial(CONF, SPACE))
    assert list(islice(told, 6)) == ran
    assert ran[0] == POINTS[0]


def test_the_cost_is_asked_with_the_configurations_of_trials():
    def cost(_config, _settings, first, more) -> str:
        random = [config["trainer.epochs"] for config in islice(more, 40)]
        return f"{[dict(config) for config in first]} {min(random)} {max(random)}"

    assert printed(SweepSettings(sampler=CONF), cost=cost)[-2] == "[{'trainer.epochs': 10}] 5 20"


def test_the_epochs_of_a_zip_count():
    rows = [{"trainer.epochs": Setting("trainer.epochs", each)} for each in (30, 50)]
    plan = SweepPlan((zip_of("both", rows),))

    def cost(_config, _settings, _first, more) -> str:
        return str(sorted({config["trainer.epochs"] for config in islice(more, 20)}))

    assert printed(SweepSettings(sampler=CONF), plan, cost=cost)[-2] == "[30, 50]"


def configs(*epochs: int) -> list[DictConfig]:
    return [OmegaConf.create({"trainer": {"epochs": each}}) for each in epochs]


def test_epochs_are_averaged_over_given_points_and_random_ones():
    assert mean_epochs(1, configs(10), iter(())) == 10
    assert mean_epochs(3, configs(10, 20, 30, 40), iter(())) == 20
    assert mean_epochs(4, configs(10), iter(configs(1, 3))) == (10 + 3 * 2) / 4


def test_the_cost_is_that_of_the_epochs_of_all_replicates(compose_config, monkeypatch):
    monkeypatch.setattr("dropout_study.task.cost.seconds_per_epoch", lambda _: 3.0)
    settings = SweepSettings(sampler=CONF, n_trials=1, replicates=4)
    told = cost_of_training(compose_config(*SMALL), settings, configs(10), iter(()))
    assert told == (
        "An epoch takes 3 s here and a trial 10 epochs on average: 0:02:00 (h:mm:ss) of training, "
        "one run after another and none pruned."
    )


def test_timing_an_epoch_trains_one_and_writes_nothing(compose_config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = compose_config(*SMALL)
    config.trainer.epochs = 10**9
    assert 0 < seconds_per_epoch(config) < 60
    assert list(Path().rglob("*")) == []
