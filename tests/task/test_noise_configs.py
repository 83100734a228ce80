"""A noise layer, and a schedule, of the user's own: one file and its configuration."""

import math

import pytest
import torch
from torch import Tensor, nn
from trials import prepare_trial

from dropout_study.noise import GaussianNoise, UnitNoise
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


def test_what_is_no_schedule_is_refused(compose_config, told):
    config = compose_config(*FEW, "schedule=custom", "schedule._target_=builtins.dict")
    assert told(prepare_trial, config).startswith("`schedule._target_` must return a callable")


def test_an_infinite_variance_is_refused(compose_config, told):
    config = compose_config(*FEW, "noise=gaussian")
    config.model.dropout1 = math.nan
    assert "dropout1" in told(prepare_trial, config)
