"""Pruners and budgets that a study cannot have are refused in one line."""

import pytest
from omegaconf import OmegaConf
from optuna.pruners import MedianPruner, NopPruner, PatientPruner

from dropout_study.errors import UserError
from dropout_study.search.pruners.promotion import PauseAndPromotePruner
from dropout_study.sweeper.planning.early_ends import check_early_ends
from dropout_study.sweeper.settings import SweepSettings

SAMPLER = OmegaConf.create({"_target_": "optuna.samplers.RandomSampler"})
PAUSES = "dropout_study.search.pruners.promotion.PauseAndPromotePruner"
TWO = {"direction": ["minimize", "maximize"], "objective": ["a", "b"]}


def settings(min_resource: int | None = None, **given) -> SweepSettings:
    pruner = OmegaConf.create({"_target_": "x.Pruner", "min_resource": min_resource})
    return SweepSettings(SAMPLER, pruner if min_resource else None, **given)


@pytest.mark.parametrize(
    ("given", "pruner", "told"),
    [
        ({"budget": 3, "min_resource": 4}, MedianPruner(), "must reach the first rung.*=4, got 3"),
        ({"budget": 3, **TWO}, NopPruner(), "budget needs one objective: a trial with 2"),
        ({"budget": 3, "replicates": 2}, NopPruner(), "budget needs hydra.sweeper.replicates=1"),
        ({**TWO}, PauseAndPromotePruner(), "pause_and_promote needs one objective"),
        ({"replicates": 2}, PauseAndPromotePruner(), "pause_and_promote needs hydra.*replicates=1"),
        ({"min_resource": 5}, PauseAndPromotePruner(5), "must be below the 5 epochs .*, got 5"),
    ],
)
def test_what_cannot_be_is_refused(given, pruner, told):
    with pytest.raises(UserError, match=told) as error:
        check_early_ends(settings(**given), pruner, longest=5)
    assert "\n" not in str(error.value)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_it_is_not_wrapped_by_another_pruner():
    wraps = OmegaConf.create({"_target_": "x", "wrapped_pruner": {"_target_": PAUSES}})
    with pytest.raises(UserError, match="pause_and_promote cannot be wrapped"):
        check_early_ends(SweepSettings(SAMPLER, wraps), PatientPruner(PauseAndPromotePruner(), 1))


def test_what_can_be_is_not():
    check_early_ends(settings(min_resource=4, budget=4), PauseAndPromotePruner(4), longest=5)
    check_early_ends(settings(min_resource=4, replicates=3), MedianPruner())
    check_early_ends(settings(min_resource=9), PauseAndPromotePruner(9), longest=None)


@pytest.mark.parametrize("budget", [0, -1])
def test_a_budget_is_at_least_one_step(read, budget: int):
    with pytest.raises(UserError, match=r"`hydra.sweeper.budget` must be a finite number >= 1"):
        read(f"hydra.sweeper.budget={budget}")
