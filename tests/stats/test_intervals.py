from math import isnan

import numpy as np
import pytest
from scipy import stats

from dropout_study.stats import (
    FEWEST,
    difference_of_shares,
    mean_estimate,
    share_estimate,
    simultaneous_level,
)
from dropout_study.stats.intervals import expanded_level
from dropout_study.trial import metric_bounds

NORMAL = np.random.default_rng(3).normal(0.88, 0.004, size=10)


def coverage(studies: int, n: int, seed: int = 0) -> float:
    """Returns how often the interval of n normal values holds their true mean."""
    samples = np.random.default_rng(seed).normal(0.88, 0.004, size=(studies, n))
    inside = [not mean_estimate(sample).excludes(0.88) for sample in samples.tolist()]
    return float(np.mean(inside))


def test_the_mean_the_sd_and_n_are_those_of_the_values() -> None:
    estimate = mean_estimate([0.1, 0.2, 0.6])

    assert estimate.mean == pytest.approx(0.3)
    assert estimate.sd == pytest.approx(np.std([0.1, 0.2, 0.6], ddof=1))
    assert estimate.n == 3


def test_few_values_get_students_interval() -> None:
    values = NORMAL[:5]
    low, high = stats.t.interval(0.95, 4, loc=values.mean(), scale=stats.sem(values))

    estimate = mean_estimate(values.tolist())

    assert (estimate.low, estimate.high) == pytest.approx((low, high))


def test_the_bootstrap_interval_of_normal_values_is_about_as_wide_as_students() -> None:
    low, high = stats.t.interval(0.95, 9, loc=NORMAL.mean(), scale=stats.sem(NORMAL))

    estimate = mean_estimate(NORMAL.tolist())

    assert estimate.high - estimate.low == pytest.approx(high - low, rel=0.1)


def test_the_bootstrap_interval_of_skewed_values_leans_to_the_long_tail() -> None:
    estimate = mean_estimate([1, 1, 1.1, 1.2, 1.3, 1.4, 1.6, 2, 3, 6])

    assert estimate.high - estimate.mean > 1.3 * (estimate.mean - estimate.low)


def test_the_same_values_and_seed_give_the_same_interval() -> None:
    assert mean_estimate(NORMAL.tolist()) == mean_estimate(NORMAL.tolist())
    assert mean_estimate(NORMAL.tolist(), seed=1) != mean_estimate(NORMAL.tolist())


@pytest.mark.parametrize("values", [[0.5], [0.5, 0.5, 0.5]])
def test_one_value_or_equal_ones_tell_no_interval(values: list[float]) -> None:
    estimate = mean_estimate(values)

    assert isnan(estimate.low)
    assert not estimate.excludes(0)


@pytest.mark.parametrize("values", [[], [0.1, float("nan")], [float("inf")]])
def test_values_must_be_finite_and_there(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite numbers"):
        mean_estimate(values)


def test_the_expanded_level_nears_the_level_for_many_values() -> None:
    assert expanded_level(10) > 0.97
    assert expanded_level(10_000) == pytest.approx(0.95, abs=1e-4)


def test_200_simulated_studies_are_covered() -> None:
    assert 0.90 <= coverage(studies=200, n=10) <= 0.985  # three standard errors around 0.94


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 10, 20])
def test_2000_simulated_studies_are_covered(n: int) -> None:
    assert 0.93 <= coverage(studies=2_000, n=n) <= 0.97


def test_wilsons_interval_is_that_of_scipy() -> None:
    expected = stats.binomtest(820, 1000).proportion_ci(0.95, method="wilson")

    estimate = share_estimate(0.82, 1000)

    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high))


def test_newcombes_interval_is_that_of_his_table() -> None:
    """Newcombe (1998), table II, (a): the difference of 56/70 and 48/80 by method 10."""
    difference = difference_of_shares(share_estimate(56 / 70, 70), share_estimate(48 / 80, 80))

    assert (difference.low, difference.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_equal_shares_differ_by_an_interval_around_zero() -> None:
    difference = difference_of_shares(share_estimate(0.8, 1000), share_estimate(0.8, 1000))

    assert difference.low == pytest.approx(-difference.high)
    assert not difference.excludes(0)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_fewer_than_three_values_give_no_interval(n: int) -> None:
    estimate = mean_estimate([0.752, 0.93, 0.8][:n])

    assert isnan(estimate.low) == isnan(estimate.high) == (n < FEWEST)
    assert isnan(estimate.sd) == (n == 1)


def test_an_interval_ends_where_the_metric_ends() -> None:
    estimate = mean_estimate([0.5, 0.9, 0.99], bounds=metric_bounds("test_accuracy"))
    assert estimate.high == 1
    assert mean_estimate([0.5, 0.9, 0.99]).high > 1
    assert mean_estimate([0.1, 0.9, 0.3], bounds=metric_bounds("val_loss")).low == 0
    assert share_estimate(0, 10).low == 0
    assert share_estimate(1, 10).high == pytest.approx(1)


def test_simultaneous_intervals_hold_all_true_values_in_95_percent_of_studies() -> None:
    draws = np.random.default_rng(0).normal(size=(300, 6, 5))
    level = simultaneous_level(6)
    held = [
        all(not mean_estimate(values, level=level).excludes(0) for values in study)
        for study in draws.tolist()
    ]

    assert simultaneous_level(1) == pytest.approx(0.95)
    assert 0.92 <= np.mean(held) <= 0.98  # Student's t is exact; three standard errors
