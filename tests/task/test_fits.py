"""What a network or the data cannot have is refused before anything is written."""

from dataclasses import replace

import pytest
import torch
from command_line import SMALL, run_command

from dropout_study.cli.train import main
from dropout_study.data import Splits
from dropout_study.data.synthetic import synthetic
from dropout_study.errors import UserError
from dropout_study.task.fits import check_fits, check_trial

NEEDS_SELU = "noise=alpha needs SELU units, got ReLU"


def broken() -> None:
    """A network of the user's own, with a fault of its own."""
    raise RuntimeError("broken")


@pytest.mark.parametrize("check", [check_fits, check_trial])
def test_the_network_is_built_to_see(check, compose_config, told):
    assert NEEDS_SELU in told(check, compose_config(*SMALL, "noise=alpha"))
    before = torch.get_num_threads(), torch.get_rng_state()
    check(compose_config(*SMALL, "noise=alpha", "model.activation=selu"))
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_with_dropout_nothing_is_read(compose_config, tmp_path):
    check_fits(compose_config("data=fashion_mnist", f"data.root={tmp_path}/none"))


def test_what_a_users_network_raises_is_left_to_the_trial(compose_config):
    wrong = ("model=custom", f"model._target_={__name__}.broken", "noise=gaussian")
    check_fits(compose_config("data=synthetic", *wrong))


def no_validation() -> Splits:
    """Data of the user's own, without a validation split and without the key ``val_size``."""
    return replace(synthetic(), val=None)


OWN_DATA = ("data=custom", f"data._target_={__name__}.no_validation")
REFUSED = {
    NEEDS_SELU: ["noise=alpha"],
    "`trainer.max_norm` bounds the weights of hidden units": ["model=linear", "trainer.max_norm=2"],
    "`trainer.measure` cannot have `activations`": [
        "model=linear",
        "trainer.measure=[activations]",
    ],
    "`trainer.measure` cannot have `gradient`": [
        "trainer.measure=[gradient]",
        "trainer.batch_size=9999",
    ],
    "`trainer.patience=2` needs validation data": [*OWN_DATA, "trainer.patience=2"],
    "`trainer.checkpoint=best` needs validation data": [*OWN_DATA, "trainer.checkpoint=best"],
}
"""What is said -> the settings."""


@pytest.mark.parametrize("says", REFUSED)
def test_each_candidate_of_a_sweep_and_a_single_run_are_checked(says, compose_config, told):
    for check in (check_fits, check_trial):
        assert says in told(check, compose_config("data=synthetic", *REFUSED[says]))


SWEEP = ("--multirun", "hydra.sweep.dir=made", "search_space.study_name=made")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hydra.run.dir=made", "noise=alpha"], NEEDS_SELU),
        ([*SWEEP, "noise=alpha"], NEEDS_SELU),
        (
            [*SWEEP, "trainer.batch_size=choice(32,9999)", "trainer.measure=[gradient]"],
            "`gradient`",
        ),
    ],
)
def test_a_refused_run_or_sweep_leaves_nothing(words, says, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    ended = run_command(main, [*words, *SMALL], capfd)
    assert ended.code == 1
    assert says in ended.err
    assert len(ended.err.strip().splitlines()) == 1
    assert not [path for path in tmp_path.iterdir() if path.name != "xdg-cache"]


OWN = (
    *("data=synthetic", "trainer.epochs=2", "model=custom", "model._target_=torch.nn.Sequential"),
    "+model._args_=[{_target_:torch.nn.Flatten},{_target_:torch.nn.Linear,_args_:[64,10]}]",
)


def test_noise_that_the_model_does_not_take_is_refused(compose_config):
    with pytest.raises(UserError, match="does not take its noise layers from the group `noise`"):
        check_trial(compose_config(*OWN, "noise=gaussian"))


@pytest.mark.parametrize("noise", ["dropout", "gaussian"])
def test_a_model_of_ones_own_can_take_the_noise(compose_config, noise):
    mine = ("model=custom", "model._target_=dropout_study.models.MLP", "+model.noise=${noise}")
    mine = (*mine, "+model.in_shape=null", "+model.classes=null")
    config = compose_config("data=synthetic", *mine, f"noise={noise}")
    check_trial(config)


def test_a_schedule_of_a_network_without_rates_is_refused(compose_config):
    with pytest.raises(UserError, match="no layer whose rate a schedule could set"):
        check_trial(compose_config("data=synthetic", "model=linear", "schedule=linear"))
