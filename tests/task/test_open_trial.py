import math

import pytest
import torch
from omegaconf import DictConfig
from torch import Tensor, nn
from trials import prepare_trial, train_trial

from dropout_study.task.build import build_model
from dropout_study.task.trial import open_trial

SYNTHETIC = ("data=synthetic", "trainer.device=cpu", "trainer.epochs=2")


def weights(config: DictConfig, splits) -> list[Tensor]:
    return [p.detach() for p in build_model(config, splits).parameters()]


def equal(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("model", ["mlp", "mlp_deep", "linear"])
def test_initial_weights_are_a_function_of_the_seed_alone(compose_config, splits, model):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, other = (
        weights(compose_config(*SYNTHETIC, f"model={model}", f"trainer.seed={seed}"), splits)
        for seed in (0, 1)
    )
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert equal(first, weights(compose_config(*SYNTHETIC, f"model={model}"), splits))
    assert not equal(first, other)


@pytest.mark.parametrize(
    "override", ["model.dropout1=0", "model.dropout2=0.8", "optimizer.lr=0.01", "trainer.epochs=9"]
)
def test_no_hyperparameter_changes_the_initial_weights(compose_config, splits, override):
    usual, changed = compose_config(*SYNTHETIC), compose_config(*SYNTHETIC, override)
    assert equal(weights(usual, splits), weights(changed, splits))


def test_shape_and_classes_are_the_datas_unless_given(compose_config):
    setup = prepare_trial(compose_config(*SYNTHETIC, "data.shape=[2,3,4]", "data.classes=6"))
    linear = [layer for layer in setup.model if isinstance(layer, nn.Linear)]
    assert (linear[0].in_features, linear[-1].out_features) == (24, 6)
    given = prepare_trial(compose_config(*SYNTHETIC, "model.classes=12"))
    assert given.model[-1].out_features == 12


def test_trials_that_share_their_data_read_it_once(compose_config):
    first, second = (
        prepare_trial(compose_config(*SYNTHETIC, f"model.dropout1={rate}")) for rate in (0.1, 0.2)
    )
    assert first.splits is second.splits


class Net(nn.Sequential):
    """A user's own network."""

    def __init__(self, in_shape: list[int], classes: int, width: int) -> None:
        inputs = math.prod(in_shape)
        super().__init__(nn.Flatten(), nn.Linear(inputs, width), nn.Linear(width, classes))


def test_any_class_comes_in_by_its_dotted_path(compose_config):
    setup = prepare_trial(
        compose_config(
            *SYNTHETIC,
            *("model=custom", f"model._target_={__name__}.Net", "+model.width=5"),
            *("+model.in_shape=null", "+model.classes=null"),
            *("optimizer=custom", "optimizer._target_=torch.optim.Adagrad", "+optimizer.lr=0.01"),
        )
    )
    assert isinstance(setup.optimizer, torch.optim.Adagrad)
    assert setup.model(torch.rand(2, 1, 8, 8)).shape == (2, 10)


@pytest.mark.parametrize(
    ("group", "target", "rule"),
    [
        ("model", "builtins.dict", "`model._target_` must return an nn.Module, got dict"),
        ("data", "builtins.dict", "`data._target_` must return dropout_study.data.Splits"),
        ("optimizer", "builtins.list", "`optimizer._target_` must return a torch Optimizer"),
    ],
)
def test_a_class_of_another_kind_is_refused(compose_config, told, group, target, rule):
    config = compose_config(*SYNTHETIC, f"{group}=custom", f"{group}._target_={target}")
    assert told(prepare_trial, config).startswith(rule)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("optimizer.nesterov=true", "`optimizer` cannot be built: "),
        ("+optimizer.foo=1", "`optimizer` cannot be built: "),
        ("data.val_size=512", "`data.val_size` must be in [0, 512), got 512"),
        ("trainer.device=tpu", "`trainer.device=tpu` is no device's name"),
        ("model.dropout1=2", "`model.dropout1` must be in [0, 1), got 2.0"),
    ],
)
def test_what_cannot_be_built_is_one_line(compose_config, told, override, says):
    assert told(prepare_trial, compose_config(*SYNTHETIC, override)).startswith(says)


def lazy_net(rate: float = 0.5) -> nn.Module:
    """A user's own network that learns the size of its images."""
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(8), nn.Dropout(rate), nn.LazyLinear(10))


def own(rate: float = 0.5) -> tuple[str, ...]:
    return ("model=custom", f"model._target_={__name__}.lazy_net", f"+model.rate={rate}")


def test_lazy_layers_have_their_weights_before_the_optimizer_is_made(compose_config):
    setup, again = (prepare_trial(compose_config(*SYNTHETIC, *own())) for _ in range(2))
    assert setup.model[1].weight.shape == (8, 64)
    assert equal(list(setup.model.parameters()), list(again.model.parameters()))


def test_a_rate_of_the_users_own_layer_is_checked(compose_config, told):
    config = compose_config(*SYNTHETIC, *own(rate=math.nan))
    assert told(prepare_trial, config).startswith("`p of layer 2` must be in [0, 1], got nan")


def test_a_trial_is_the_same_whenever_it_is_run_and_leaves_its_history(compose_config, tmp_path):
    def run(number: int):
        config = compose_config(*SYNTHETIC, "model.init_std=null")
        result = train_trial(config, tmp_path / str(number))
        return {**result, "seconds": None}

    torch.manual_seed(1)
    first = run(0)
    torch.manual_seed(2)
    assert run(1) == first
    rows = (tmp_path / "0" / "history.csv").read_text().splitlines()
    assert rows[0] == (
        "epoch,train_loss,train_accuracy,val_loss,val_accuracy,test_loss,test_accuracy,lr,"
        "rate_1,rate_4,rate_7,seconds"
    )
    assert len(rows) == 3
    assert first["value"] == float(rows[-1].split(",")[4])


def test_every_listener_is_told_and_any_may_stop(compose_config, tmp_path):
    heard: list[tuple[str, int]] = []

    def listener(name: str, goes_on: bool):
        return lambda metrics: heard.append((name, metrics["epoch"])) or goes_on

    config = compose_config(*SYNTHETIC)
    result = train_trial(config, tmp_path, listener("a", False), listener("b", True))
    assert result["epochs_run"] == 1
    assert heard == [("a", 1), ("b", 1)]


@pytest.mark.parametrize(
    "overrides",
    [
        ["~model.dropout1"],
        ["optimizer=custom", "optimizer._target_=torch.optim.SGD", "+optimizer.lr=0.1"],
        ["+optimizer.dampening=0.1"],
        ["model.dropout1='0.3'"],
    ],
)
def test_what_a_class_has_defaults_for_may_be_left_out_and_what_it_knows_be_added(
    compose_config, overrides
):
    prepare_trial(compose_config(*SYNTHETIC, *overrides))


@pytest.mark.parametrize(("precision", "used"), [("tf32", "high"), ("float32", "highest")])
def test_the_precision_of_a_trial_is_its_own(compose_config, precision, used):
    prepare_trial(compose_config(*SYNTHETIC, "trainer.precision=tf32"))
    prepare_trial(compose_config(*SYNTHETIC, f"trainer.precision={precision}"))
    assert torch.get_float32_matmul_precision() == used
    prepare_trial(compose_config(*SYNTHETIC))


def test_an_opened_trial_has_its_provenance_and_closes_its_tracker(compose_config, tmp_path):
    config = compose_config(*SYNTHETIC, "+tracker._target_=task_tracker.Closed")
    with open_trial(config, tmp_path) as trial:
        assert (tmp_path / "provenance.json").is_file()
        assert not (tmp_path / "closed").exists()
        assert trial.train()["epochs_run"] == trial.settings.epochs
    assert (tmp_path / "closed").read_text() == "2 epochs"
