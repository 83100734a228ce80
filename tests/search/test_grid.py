"""Spaces as grids of points."""

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from dropout_study.search.grid import grid_of, grid_values, n_points, n_walked

SPACE = {"c": CategoricalDistribution(("a", None)), "n": IntDistribution(1, 5, step=2)}


@pytest.mark.parametrize(
    ("distribution", "values"),
    [
        (CategoricalDistribution((3, "a", None)), [3, "a", None]),
        (IntDistribution(2, 4), [2, 3, 4]),
        (IntDistribution(0, 8, step=4), [0, 4, 8]),
        (FloatDistribution(0, 0.3, step=0.1), [0, 0.1, 0.2, 0.3]),
        (FloatDistribution(0.5, 0.5), [0.5]),
    ],
)
def test_values_in_order(distribution, values):
    assert grid_values("p", distribution) == values


def test_an_interval_of_floats_has_no_grid(told):
    assert told(grid_of, {"p": FloatDistribution(0, 0.8)}).startswith("`p` must have a step")


def test_points_are_counted():
    assert n_points(SPACE) == 6


def test_points_given_to_trials_are_counted_once():
    study = optuna.create_study()
    for point in ({"c": "a", "n": 1}, {"c": None, "n": 1}, {"c": "a", "n": 1}):
        study.enqueue_trial(point)
        study.ask(SPACE)
    study.ask()  # another space's trial has no point in this one
    assert n_walked(study.trials, SPACE) == 2
