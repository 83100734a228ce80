"""Noise that a network cannot have is refused before anything is written."""

import pytest
import torch
from command_line import SMALL, run_command

from dropout_study.cli.train import main
from dropout_study.task.fits import check_noise, check_trial

NEEDS_SELU = "noise=alpha needs SELU units, got ReLU"


def broken() -> None:
    """A network of the user's own, with a fault of its own."""
    raise RuntimeError("broken")


@pytest.mark.parametrize("check", [check_noise, check_trial])
def test_the_network_is_built_to_see(check, compose_config, told):
    assert NEEDS_SELU in told(check, compose_config(*SMALL, "noise=alpha"))
    before = torch.get_num_threads(), torch.get_rng_state()
    check(compose_config(*SMALL, "noise=alpha", "model.activation=selu"))
    assert torch.get_num_threads() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])


def test_with_dropout_nothing_is_read(compose_config, tmp_path):
    check_noise(compose_config("data=fashion_mnist", f"data.root={tmp_path}/none"))


def test_what_a_users_network_raises_is_left_to_the_trial(compose_config):
    wrong = ("model=custom", f"model._target_={__name__}.broken", "noise=gaussian")
    check_noise(compose_config("data=synthetic", *wrong))


@pytest.mark.parametrize(
    "words",
    [
        ["hydra.run.dir=made"],
        ["--multirun", "hydra.sweep.dir=made", "search_space.study_name=made"],
    ],
)
def test_a_refused_run_or_sweep_leaves_nothing(words, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    ended = run_command(main, [*words, "noise=alpha", *SMALL], capfd)
    assert ended.code == 1
    assert NEEDS_SELU in ended.err
    assert len(ended.err.strip().splitlines()) == 1
    assert not [path for path in tmp_path.iterdir() if path.name != "xdg-cache"]
