import math
import warnings

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from dropout_study.search.space import (
    categories,
    check_space,
    fitting_points,
    float_interval,
    int_interval,
    stepped_range,
)


def test_intervals_include_both_ends():
    assert float_interval("k", 0, 0.8) == FloatDistribution(0, 0.8)
    assert float_interval("k", 0.01, 1, log=True) == FloatDistribution(0.01, 1, log=True)
    assert int_interval("k", 5, 20) == IntDistribution(5, 20)
    assert int_interval("k", 1, 1024, log=True) == IntDistribution(1, 1024, log=True)
    assert float_interval("k", 0.5, 0.5).single()


@pytest.mark.parametrize("interval", [float_interval, int_interval])
@pytest.mark.parametrize(("low", "high"), [(1, 0), (math.nan, 1), (0, math.inf)])
def test_a_low_above_its_high_is_refused(interval, low, high, told):
    assert told(interval, "optimizer.lr", low, high) == (
        f"`optimizer.lr` must have its low at most its high, got {low:g} and {high:g}"
    )


@pytest.mark.parametrize("interval", [float_interval, int_interval])
@pytest.mark.parametrize("low", [0, -1])
def test_a_log_scale_begins_above_zero(interval, low, told):
    assert "must have its low > 0 on a log scale" in told(interval, "k", low, 1, log=True)


def test_integers_have_integers_as_bounds(told):
    assert "must have integers as bounds, got 0.5 and 2" in told(int_interval, "k", 0.5, 2)
    assert int_interval("k", 1.0, 2.0) == IntDistribution(1, 2)


@pytest.mark.parametrize(
    ("bounds", "values"),
    [
        ((0, 5, 1), [0, 1, 2, 3, 4]),
        ((0, 10, 3), [0, 3, 6, 9]),
        ((2, 3, 5), [2]),
        ((0, 1, 0.25), [0, 0.25, 0.5, 0.75]),
        ((0, 0.5, 0.1), [0, 0.1, 0.2, 0.3, 0.4]),
        ((1, 10, 2.5), [1, 3.5, 6, 8.5]),
        ((0.1, 0.8, 0.1), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        ((0.7, 0.9, 0.1), [0.7, 0.8]),
    ],
)
def test_a_range_leaves_its_stop_out_as_pythons(bounds, values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = stepped_range("k", *bounds)
    whole = all(isinstance(value, int) for value in bounds)
    assert isinstance(made, IntDistribution if whole else FloatDistribution)
    count = round((made.high - made.low) / made.step) + 1
    assert [made.low + n * made.step for n in range(count)] == pytest.approx(values)


@pytest.mark.parametrize(
    "bounds",
    [(1, 1, 1), (2, 1, 1), (0, 1, 0), (0, 1, -1), (0, math.nan, 1), (0, math.inf, 1)],
)
def test_an_empty_range_is_refused(bounds, told):
    assert told(stepped_range, "k", *bounds).startswith("`k=range(")


def test_choices_are_taken_once_and_in_order():
    assert categories("k", ["b", "a", "b", None]) == CategoricalDistribution(["b", "a", None])


def test_no_choices_are_refused(told):
    assert told(categories, "model", []) == "`model` has no choices; give at least one"


SPACE = {
    "model.dropout1": FloatDistribution(0, 0.8),
    "trainer.epochs": IntDistribution(5, 20),
    "optimizer": CategoricalDistribution(["sgd", "adam"]),
}


def test_a_space_of_known_keys_passes():
    check_space(SPACE, known=[*SPACE, "trainer.seed"])


def test_an_empty_space_is_refused_with_the_ways_out(told):
    message = told(check_space, {})
    assert message.startswith("the search space is empty")
    assert "search_space=..." in message
    assert "model.dropout1=interval(0,0.8)" in message


def test_an_unknown_key_is_refused_with_the_nearest(told):
    message = told(check_space, {"model.dropuot1": SPACE["model.dropout1"]}, known=SPACE)
    assert message.startswith("`model.dropuot1` is searched but is no key")
    assert message.endswith("did you mean `model.dropout1`?")


@pytest.mark.parametrize(
    "inside",
    [
        {"model.dropout1": 0.0, "trainer.epochs": 20, "optimizer": "adam"},
        {"model.dropout1": 0.8},
        {"model.dropout1": 0},
        {},
    ],
)
def test_points_in_the_space_are_kept(inside):
    assert fitting_points([inside], SPACE) == ([inside], [])


@pytest.mark.parametrize(
    "outside",
    [
        {"model.dropout1": 0.81},
        {"model.dropout1": "0.5"},
        {"model.dropout1": True},
        {"model.dropout1": math.nan},
        {"model.dropout1": None},
        {"trainer.epochs": 4, "model.dropout1": 0.5},
        {"optimizer": "rmsprop"},
    ],
)
def test_points_outside_are_handed_back_whole(outside):
    point = {**outside, "pinned": 1}
    assert fitting_points([point], SPACE) == ([], [point])


def test_a_pinned_parameter_leaves_the_points():
    point = {"model.dropout1": 0.2, "trainer.batch_size": 64}
    assert fitting_points([point], SPACE) == ([{"model.dropout1": 0.2}], [])


def test_points_between_steps_are_outside():
    space = {"e": IntDistribution(1, 20), "p": FloatDistribution(0, 1, step=0.25)}
    between, on = [{"e": 10.5}, {"p": 0.3}], [{"e": 10.0}, {"p": 0.75}]
    assert fitting_points([*between, *on], space) == (on, between)
