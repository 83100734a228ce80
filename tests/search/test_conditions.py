"""Parameters that are searched only where others have certain values."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from dropout_study.search.conditions import (
    active,
    parse_params,
    search_order,
    suggest,
)
from dropout_study.search.grid import n_points, n_walked

SPACE = {
    "deep.rate": FloatDistribution(0, 0.9),
    "model": CategoricalDistribution(("plain", "deep", "linear")),
    "deep.layers": IntDistribution(1, 3),
    "lr": FloatDistribution(0.01, 1, log=True),
}
CONDITIONS = {
    "deep.layers": {"model": ("deep",)},
    "deep.rate": {"deep.layers": (2, 3), "data": ("mnist", "kmnist")},
}
MNIST = {"data": "mnist"}


def test_entries_with_a_condition_are_told_from_plain_ones():
    texts, zips, conditions, priors = parse_params(
        {
            "lr": "tag(log, interval(0.01, 1))",
            "epochs": 10,
            "optimizer.kwargs": {"amsgrad": True},
            "rate": {"distribution": "interval(0, 0.9)", "when": {"model": "deep", "n": [1, 2]}},
            "size": {"zip": [{"width": 8, "depth": 2}, {"width": 4, "depth": 3}]},
            "shape": {"zip": [{"width": 8}], "when": {"model": "deep"}},
            "decay": {"distribution": "interval(0, 1)", "prior": {"mean": 0.1, "std": 0.1}},
        }
    )
    assert priors == {"decay": {"mean": 0.1, "std": 0.1}}
    assert zips == {
        "size": [{"width": 8, "depth": 2}, {"width": 4, "depth": 3}],
        "shape": [{"width": 8}],
    }
    assert texts == {
        "lr": "tag(log, interval(0.01, 1))",
        "epochs": 10,
        "optimizer.kwargs": {"amsgrad": True},
        "rate": "interval(0, 0.9)",
        "decay": "interval(0, 1)",
    }
    assert conditions == {
        "rate": {"model": ("deep",), "n": (1, 2)},
        "shape": {"model": ("deep",)},
    }


@pytest.mark.parametrize(
    "entry",
    [
        {"when": {"model": "deep"}},
        {"distribution": "interval(0, 1)"},
        {"distribution": "interval(0, 1)", "when": "deep"},
        {"distribution": "interval(0, 1)", "when": {}},
        {"distribution": "interval(0, 1)", "when": {"model": "deep"}, "then": 1},
        {"distribution": "interval(0, 1)", "zip": [{"a": 1}]},
        {"zip": [{"a": 1}], "prior": {"mean": 1, "std": 1}},
        {"distribution": "interval(0, 1)", "prior": 0.5},
        {"prior": {"mean": 1, "std": 1}},
        {"zip": []},
        {"zip": {"a": [1, 2]}},
    ],
)
def test_an_entry_that_is_not_whole_is_refused(told, entry):
    assert told(parse_params, {"rate": entry}).startswith("`rate` must be {distribution: ..., when")


def test_a_parameter_comes_after_those_that_decide_on_it():
    order = search_order(SPACE, CONDITIONS)
    assert sorted(order) == sorted(SPACE)
    assert order.index("model") < order.index("deep.layers") < order.index("deep.rate")


def test_without_conditions_the_order_is_that_of_the_space():
    assert search_order(SPACE, {}) == list(SPACE)


@pytest.mark.parametrize(
    ("params", "fixed", "names"),
    [
        ({"model": "plain"}, MNIST, ["model", "lr"]),
        ({"model": "deep", "deep.layers": 1}, MNIST, ["model", "deep.layers", "lr"]),
        ({"model": "deep", "deep.layers": 3}, MNIST, list(SPACE)),
        ({"model": "deep", "deep.layers": 3}, {"data": "cifar10"}, [*list(SPACE)[1:]]),
        ({"model": "deep", "deep.layers": 3}, {}, [*list(SPACE)[1:]]),
        # a parameter that this trial does not search decides nothing, even if configured
        ({"model": "plain"}, {**MNIST, "deep.layers": 3}, ["model", "lr"]),
    ],
)
def test_a_parameter_is_active_where_all_of_its_condition_holds(params, fixed, names):
    assert active(SPACE, CONDITIONS, params, fixed) == names


@pytest.mark.parametrize(
    "conditions",
    [{"lr": {"model": ("deep",)}, "model": {"lr": (0.1,)}}, {"lr": {"lr": (0.1,)}}],
)
def test_conditions_that_depend_on_each_other_are_refused(told, conditions):
    assert "depend on each other" in told(search_order, SPACE, conditions)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize(
    "sampler",
    [
        pytest.param(lambda: optuna.samplers.TPESampler(seed=0, n_startup_trials=5), id="tpe"),
        pytest.param(
            lambda: optuna.samplers.TPESampler(
                seed=0, n_startup_trials=5, multivariate=True, group=True
            ),
            id="tpe-group",
        ),
        pytest.param(lambda: optuna.samplers.RandomSampler(seed=0), id="random"),
    ],
)
def test_a_study_is_asked_for_what_is_active_and_nothing_else(sampler):
    study = optuna.create_study(sampler=sampler(), direction="maximize")
    seen = set()
    for _ in range(30):
        trial = study.ask()
        params = suggest(trial, SPACE, CONDITIONS, MNIST)
        study.tell(trial, params["lr"] + params.get("deep.rate", 0))
        assert list(params) == active(SPACE, CONDITIONS, params, MNIST)
        assert study.trials[-1].params == params
        seen.add(tuple(params))
    assert seen == {
        ("model", "lr"),
        ("model", "deep.layers", "lr"),
        ("deep.rate", "model", "deep.layers", "lr"),
    }


def test_an_enqueued_point_gives_what_is_active_of_it():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    study.enqueue_trial({"model": "plain", "deep.layers": 2, "lr": 0.5})
    assert suggest(study.ask(), SPACE, CONDITIONS, MNIST) == {"model": "plain", "lr": 0.5}


def test_brute_force_walks_a_conditional_space_to_its_end():
    space = {
        "model": CategoricalDistribution(("plain", "deep")),
        "layers": IntDistribution(1, 3),
        "width": CategoricalDistribution((16, 32)),
    }
    conditions = {"layers": {"model": ("deep",)}, "width": {"layers": (2, 3)}}
    assert n_points(space) == 12
    assert n_points(space, conditions) == 6  # plain; deep-1; deep-2 and deep-3 with two widths
    with pytest.warns(optuna.exceptions.ExperimentalWarning):
        sampler = optuna.samplers.BruteForceSampler(seed=0)
    study = optuna.create_study(sampler=sampler)
    for _ in range(6):
        trial = study.ask()
        suggest(trial, space, conditions, {})
        study._storage.set_trial_state_values(trial._trial_id, optuna.trial.TrialState.FAIL)
    assert n_walked(study.trials, space, conditions) == 6
