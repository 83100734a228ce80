import math
import warnings

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from dropout_study.search.space import (
    categories,
    float_interval,
    int_interval,
    nearest_number,
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
        ((0.7, 0.9, 0.1), [0.7, 0.8, 0.9]),  # 0.7 + 0.1 + 0.1 < 0.9 in floats, as in Hydra
        ((10, 0, -2), [2, 4, 6, 8, 10]),
        ((10, 1, -4), [2, 6, 10]),
        ((1, 0, -0.25), [0.25, 0.5, 0.75, 1]),
        ((0, 2.5, 1), [0, 1, 2]),
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
    [(1, 1, 1), (2, 1, 1), (0, 1, 0), (0, 1, -1), (0, math.nan, 1), (0, math.inf, 1), (1, 2, -1)],
)
def test_an_empty_range_is_refused(bounds, told):
    assert told(stepped_range, "k", *bounds).startswith("`k=range(")


@pytest.mark.parametrize("bounds", [(0, 0.5, 1), (0.1, 0.9, 1)])
def test_a_range_that_is_meant_as_an_interval_is_refused(bounds, told):
    low, high = bounds[:2]
    said = told(stepped_range, "k", *bounds)
    assert f"has one value only, {low:g}; use interval({low:g}, {high:g})" in said
    assert stepped_range("k", 3, 4, 1) == IntDistribution(3, 3)


def test_a_range_on_a_log_scale_counts_by_one(told):
    assert stepped_range("k", 1, 9, 1, log=True) == IntDistribution(1, 8, log=True)
    assert "use tag(log, interval(LOW, HIGH))" in told(stepped_range, "k", 1, 9, 2, log=True)
    assert "must have its low > 0 on a log scale" in told(stepped_range, "k", 0, 9, 1, log=True)


def test_choices_are_taken_once_and_in_order():
    assert categories("k", ["b", "a", "b", None]) == CategoricalDistribution(["b", "a", None])


def test_no_choices_are_refused(told):
    assert told(categories, "model", []) == "`model` has no choices; give at least one"


@pytest.mark.parametrize(
    ("distribution", "given", "nearest"),
    [
        (FloatDistribution(0, 0.8), 0.9, 0.8),
        (FloatDistribution(0, 0.8), -1, 0.0),
        (FloatDistribution(0, 0.8), 0.123, 0.123),
        (FloatDistribution(0.01, 1, log=True), 3, 1.0),
        (FloatDistribution(0, 0.8, step=0.1), 0.33, 0.3),
        (FloatDistribution(0.05, 0.95, step=0.3), 2, 0.95),
        (IntDistribution(5, 20), 30, 20),
        (IntDistribution(5, 20), 7.6, 8),
        (IntDistribution(2, 10, step=4), 9, 10),
        (IntDistribution(1, 64, log=True), 0, 1),
    ],
)
def test_the_nearest_number_lies_in_the_distribution(distribution, given, nearest):
    found = nearest_number(distribution, given)
    assert found == nearest
    assert type(found) is (int if isinstance(distribution, IntDistribution) else float)
    assert distribution._contains(distribution.to_internal_repr(found))
