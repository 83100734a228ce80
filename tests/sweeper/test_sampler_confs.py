"""The Confs say what Optuna's classes take, with Optuna's own defaults."""

import inspect
from dataclasses import fields

import pytest
from generations import optuna_5
from hydra.utils import get_class
from omegaconf import MISSING

from dropout_study.sweeper.confs.arguments import plain_of
from dropout_study.sweeper.confs.pruners import PRUNERS
from dropout_study.sweeper.confs.samplers import SAMPLERS

OURS = {
    "_target_",  # Hydra's
    "defaults",  # Hydra's
    "search_space",  # GridSampler's: derived from the study's space
    "constraints_func",  # deprecated; hydra.sweeper.constraints takes its place
    # deprecated in Optuna 5
    *("consider_prior", "prior_weight", "consider_magic_clip", "consider_endpoints", "gamma"),
    *("weights", "categorical_distance_func", "x0", "sigma0", "restart_strategy", "inc_popsize"),
}
TPES = {"warn_independent_sampling"}  # deprecated in Optuna 5, of TPE alone


def arguments(conf: type) -> dict[str, object]:
    parameters = inspect.signature(get_class(conf()._target_)).parameters.values()
    return {
        p.name: MISSING if p.default is p.empty else p.default
        for p in parameters
        if p.name not in OURS and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    }


def defaults(conf: type) -> dict[str, object]:
    return {f.name: getattr(conf(), f.name) for f in fields(conf) if f.name not in OURS}


@optuna_5  # whose fields the Confs have
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_conf_has_optunas_fields_and_defaults(name):
    expected = arguments(SAMPLERS[name])
    if name == "tpe":
        expected = {key: value for key, value in expected.items() if key not in TPES}
    if "seed" in expected:
        assert expected["seed"] is None
        expected["seed"] = 0  # ours, for a sweep that can be repeated
    assert defaults(SAMPLERS[name]) == expected


@pytest.mark.parametrize("name", PRUNERS)
def test_a_pruner_conf_has_optunas_fields_and_defaults(name):
    expected = arguments(PRUNERS[name])
    if "wrapped_pruner" in expected:
        assert expected["wrapped_pruner"] == MISSING
        expected["wrapped_pruner"] = None  # the defaults list puts a median pruner there
    assert defaults(PRUNERS[name]) == expected


def test_every_sampler_and_pruner_of_optuna_has_an_option():
    import optuna

    kinds = {
        optuna.samplers: (SAMPLERS, {"BaseSampler", "BaseGASampler", "PartialFixedSampler"}),
        optuna.pruners: (PRUNERS, {"BasePruner"}),
    }
    for module, (confs, without) in kinds.items():
        targets = [conf()._target_ for conf in confs.values()]  # some are this project's own
        known = {each.rpartition(".")[2] for each in targets if each.startswith("optuna.")}
        classes = {name for name in module.__all__ if inspect.isclass(getattr(module, name))}
        assert classes - without == known


@pytest.mark.parametrize(("value", "kept"), [(None, False), ("swap", True)])
def test_an_argument_that_an_older_optuna_does_not_take_is_left_out_where_it_is_our_default(
    value, kept, monkeypatch
):
    class NSGAIISampler:
        def __init__(self, seed=None):
            pass

    monkeypatch.setattr("optuna.samplers.NSGAIISampler", NSGAIISampler)
    given = {"_target_": "optuna.samplers.NSGAIISampler", "seed": 1, "mutation": value}
    assert ("mutation" in plain_of("sampler", given)) == kept
    assert plain_of("sampler", given)["seed"] == 1
