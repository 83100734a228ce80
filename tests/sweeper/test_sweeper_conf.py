"""The sweeper's configuration, as Hydra composes it."""

import pytest


@pytest.mark.parametrize(("option", "target"), [("median", "MedianPruner"), ("none", "NopPruner")])
def test_a_pruner_that_is_chosen_is_the_one_that_is_used(option, target, compose_config):
    sweeper = compose_config(f"hydra/sweeper/pruner={option}", hydra=True).hydra.sweeper
    assert sweeper.pruner._target_ == f"optuna.pruners.{target}"


def test_a_search_space_brings_its_pruner(compose_config):
    pruner = compose_config("search_space=dropout", hydra=True).hydra.sweeper.pruner
    assert pruner._target_ == "optuna.pruners.SuccessiveHalvingPruner"


def test_a_search_space_without_a_pruner_has_none(compose_config):
    assert compose_config("search_space=quickstart", hydra=True).hydra.sweeper.pruner is None
