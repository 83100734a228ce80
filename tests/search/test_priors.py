"""Priors: what they draw, by its distribution."""

from collections import Counter
from random import Random
from statistics import mean, stdev

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from scipy import stats

from dropout_study.search.priors import ChoicePrior, NumberPrior, number_prior

N = 3_000
RANGE = FloatDistribution(0, 0.8)


def draws(prior, distribution):
    random = Random(0)
    found = [prior.draw(distribution, random) for _ in range(N)]
    assert all(distribution._contains(distribution.to_internal_repr(value)) for value in found)
    return found


def test_numbers_have_the_cut_normal_distribution():
    found = draws(NumberPrior(0.1, 0.2), RANGE)
    cut = stats.truncnorm((0 - 0.1) / 0.2, (0.8 - 0.1) / 0.2, loc=0.1, scale=0.2)
    assert stats.kstest(found, cut.cdf).pvalue > 0.01


def test_on_a_logarithmic_scale_the_std_is_a_factor():
    found = draws(NumberPrior(0.1, 3), FloatDistribution(1e-6, 1e4, log=True))
    inside = sum(0.1 / 3 < value < 0.3 for value in found) / N
    assert inside == pytest.approx(0.683, abs=0.03)


def test_a_wide_prior_is_the_even_distribution():
    found = draws(NumberPrior(0.4, 1e6), RANGE)
    assert stats.kstest(found, stats.uniform(0, 0.8).cdf).pvalue > 0.01


def test_a_narrow_prior_at_the_end_of_the_range_stays_inside():
    assert max(draws(NumberPrior(0.8, 1e-9), RANGE)) == pytest.approx(0.8)


def test_whole_numbers_and_steps_are_rounded_to():
    whole = draws(NumberPrior(5, 1), IntDistribution(1, 9))
    assert all(isinstance(value, int) for value in whole)
    assert mean(whole) == pytest.approx(5, abs=0.1)
    assert stdev(whole) == pytest.approx((1 + 1 / 12) ** 0.5, abs=0.05)
    low = Counter(draws(NumberPrior(1, 1e6), IntDistribution(1, 4)))
    assert min(low.values()) > N / 4 * 0.85  # the ends are as likely as the rest
    stepped = set(draws(NumberPrior(0.2, 0.3), FloatDistribution(0, 0.5, step=0.25)))
    assert stepped == {0.0, 0.25, 0.5}


def test_choices_have_their_weights():
    counts = Counter(
        draws(
            ChoicePrior({"a": 3.0, "b": 1.0, None: 0.0}), CategoricalDistribution(("a", "b", None))
        )
    )
    assert set(counts) == {"a", "b"}
    assert counts["a"] / N == pytest.approx(0.75, abs=0.03)


@pytest.mark.parametrize(
    ("given", "distribution", "words"),
    [
        (
            {"mean": 0.1},
            RANGE,
            "`p` must have its prior as {mean: ..., std: ...}, got {'mean': 0.1}",
        ),
        ({"mean": 0.1, "sd": 1}, RANGE, "must have its prior as"),
        ({"mean": "x", "std": 1}, RANGE, "must have its prior as"),
        ({"mean": 0.9, "std": 1}, RANGE, "in its range, 0 to 0.8, got 0.9"),
        ({"mean": float("nan"), "std": 1}, RANGE, "in its range"),
        ({"mean": 0.1, "std": 0}, RANGE, "the std of its prior > 0, got 0"),
        ({"mean": 0.1, "std": 1}, FloatDistribution(0.01, 1, log=True), "> 1, a factor, on a"),
    ],
)
def test_what_is_no_prior_is_refused(told, given, distribution, words):
    assert words in told(number_prior, "p", given, distribution)
