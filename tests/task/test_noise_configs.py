"""A noise layer, and a schedule, of the user's own: one file and its configuration."""

import math

import pytest
import torch
from torch import Tensor, nn
from trials import prepare_trial

from dropout_study.noise import GaussianNoise, UnitNoise
from dropout_study.paths import JobPaths, conf_dir
from dropout_study.task.job_files import JobFiles
from dropout_study.task.trial import open_trial
from dropout_study.training.population import Member, Plan, train_population
from dropout_study.training.predict import sampled_probabilities

FEW = ("data=synthetic", "trainer.device=cpu", "trainer.epochs=2", "model.init_std=0.1")


class TwoValued(UnitNoise):
    """Multiplies each unit with 1 - p or 1 + p."""

    def factor(self, draws: Tensor, *numbers: float | Tensor) -> Tensor:
        return 1 + (2 * (draws < 0.5) - 1) * numbers[0]


class Halving:
    """Halves the rate every epoch."""

    def __call__(self, p: float, epoch: int, epochs: int) -> float:
        return p / 2 ** (epoch - 1)


NOISE = ["gaussian", f"custom noise._target_={__name__}.TwoValued"]


@pytest.mark.parametrize("noise", NOISE)
@pytest.mark.parametrize("model", ["mlp", "mlp_deep"])
def test_it_trains_alone_in_a_population_and_is_predicted(compose_config, noise, model, tmp_path):
    overrides = [*FEW, f"model={model}", *f"noise={noise}".split()]
    with open_trial(compose_config(*overrides), tmp_path) as setup:
        alone = setup.train()
    kinds = {type(layer) for layer in setup.model if isinstance(layer, UnitNoise)}
    assert kinds == {GaussianNoise if noise == "gaussian" else TwoValued}

    twins = [prepare_trial(compose_config(*overrides)) for _ in range(2)]
    members = [Member(i, t.model, t.optimizer, t.settings) for i, t in enumerate(twins)]
    results = train_population(members, setup.splits, plan=Plan())
    for result in results.values():
        assert result.history[-1]["train_loss"] == pytest.approx(alone["train_loss"], rel=1e-4)

    samples = sampled_probabilities(setup.model, torch.rand(2, 1, 8, 8), samples=8)
    assert (samples.std(dim=1) > 0).all()


@pytest.mark.parametrize(
    "schedule", ["linear schedule.end=0.5", f"custom schedule._target_={__name__}.Halving"]
)
def test_a_schedule_is_asked_every_epoch(compose_config, schedule, tmp_path):
    overrides = [*FEW, "trainer.seed=3"]
    seen = []
    with open_trial(compose_config(*overrides, *f"schedule={schedule}".split()), tmp_path) as trial:
        drops = [layer for layer in trial.model if isinstance(layer, nn.Dropout)]
        changed = trial.train(lambda _: seen.append([d.p for d in drops]) or True)
    assert seen == [[0.0, 0.2, 0.5], [0.0, 0.1, 0.25]]
    assert [layer.p for layer in drops] == [0.0, 0.2, 0.5]
    constant = prepare_trial(compose_config(*overrides)).train()
    assert changed["train_loss"] != constant["train_loss"]


SCHEDULES = {
    "constant": [0.5, 0.5],
    "linear": [0.5, 0.0],
    "early schedule.off_after=1": [0.5, 0.0],
    "late schedule.on_after=1": [0.0, 0.5],
    "curriculum schedule.gamma=1": [0.0, pytest.approx(0.5 * (1 - math.exp(-1)))],
    "annealed": [0.5, 0.25],
    "cyclic schedule.period=2 schedule.low=0.5": [0.25, 0.5],
    f"custom schedule._target_={__name__}.Halving": [0.5, 0.25],
}


def test_every_page_of_the_group_is_among_them():
    pages = {path.stem for path in (conf_dir() / "schedule").iterdir()}
    assert pages == {schedule.partition(" ")[0] for schedule in SCHEDULES}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rates_of_every_epoch_are_in_the_history(compose_config, schedule, tmp_path):
    config = compose_config(*FEW, *f"schedule={schedule}".split(), "data.n_train=300")
    with open_trial(config, tmp_path) as trial:
        trial.train()
    rows = JobFiles(JobPaths(tmp_path)).history()
    assert [row["rate_7"] for row in rows] == SCHEDULES[schedule]
    assert [row["rate_1"] for row in rows] == [0.0, 0.0]
    assert [name for name in rows[0] if name.startswith("rate_")] == ["rate_1", "rate_4", "rate_7"]

    twins = [prepare_trial(config) for _ in range(2)]
    members = [Member(i, t.model, t.optimizer, t.settings) for i, t in enumerate(twins)]
    for result in train_population(members, trial.splits, plan=Plan()).values():
        assert [list(row) for row in result.history] == [list(row) for row in rows]
        assert [row["rate_7"] for row in result.history] == SCHEDULES[schedule]
        assert result.history[-1]["train_loss"] == pytest.approx(rows[-1]["train_loss"], rel=1e-4)


def test_without_noise_layers_there_are_no_rates(compose_config, tmp_path):
    config = compose_config(
        "data=synthetic", "trainer.device=cpu", "trainer.epochs=1", "model=linear"
    )
    with open_trial(config, tmp_path) as trial:
        trial.train()
    assert not any(name.startswith("rate") for name in JobFiles(JobPaths(tmp_path)).history()[0])


def test_what_is_no_schedule_is_refused(compose_config, told):
    config = compose_config(*FEW, "schedule=custom", "schedule._target_=builtins.dict")
    assert told(prepare_trial, config).startswith("`schedule._target_` must return a callable")


def test_an_infinite_variance_is_refused(compose_config, told):
    config = compose_config(*FEW, "noise=gaussian")
    config.model.dropout1 = math.nan
    assert "dropout1" in told(prepare_trial, config)
