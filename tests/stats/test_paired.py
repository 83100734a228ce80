import numpy as np
import pytest

from dropout_study.stats import holm, paired_comparison, sign_flip_p, smallest_p


def test_only_common_seeds_are_compared() -> None:
    comparison = paired_comparison({1: 0.9, 2: 0.8, 3: 0.7}, {2: 0.7, 3: 0.65, 4: 0.1})

    assert comparison is not None
    assert comparison.difference.n == 2
    assert comparison.difference.mean == pytest.approx(0.075)


def test_without_common_seeds_there_is_no_comparison() -> None:
    assert paired_comparison({1: 0.9}, {2: 0.8}) is None


def test_pairing_sees_a_small_difference_under_large_common_noise() -> None:
    noise = np.random.default_rng(0).normal(0.8, 0.05, size=10)
    a = {seed: float(x) + 0.01 for seed, x in enumerate(noise)}
    jitter = np.random.default_rng(1).normal(0, 0.002, size=10)
    b = {seed: float(x + e) for seed, (x, e) in enumerate(zip(noise, jitter, strict=True))}

    comparison = paired_comparison(a, b)

    assert comparison is not None
    assert comparison.difference.excludes(0)
    assert comparison.p < 0.01


def test_the_smallest_p_is_that_of_all_signs_equal() -> None:
    assert sign_flip_p([0.1, 0.2, 0.3, 0.1, 0.2]) == pytest.approx(2 / 2**5)
    assert smallest_p(5) == 2 / 2**5


def test_p_is_the_share_of_sign_changes_at_least_as_far_out() -> None:
    assert sign_flip_p([3.0, 1.0, -1.0]) == pytest.approx(6 / 8)  # sums +-5, +-3, +-3, +-1


@pytest.mark.parametrize("differences", [[0.0, 0.0, 0.0], [0.2]])
def test_nothing_is_told_by_no_differences_or_a_single_one(differences: list[float]) -> None:
    assert sign_flip_p(differences) == 1.0


def test_without_a_difference_p_is_below_005_in_5_percent_of_studies() -> None:
    draws = np.random.default_rng(0).exponential(size=(400, 2, 8))  # skewed, but the same
    p_values = [sign_flip_p((a - b).tolist()) for a, b in draws]

    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.08


def test_holm_multiplies_by_the_number_of_tests_left_and_never_falls() -> None:
    """In order: 5 x 0.005, 4 x 0.01, 3 x 0.03, then 2 x 0.04 which is below the one before."""
    p_values = [0.01, 0.04, 0.03, 0.005, 0.6]

    assert holm(p_values) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.6])


def test_a_corrected_p_is_at_most_one() -> None:
    assert holm([0.7, 0.8, 0.9]) == [1.0, 1.0, 1.0]


def test_holm_of_nothing_is_nothing() -> None:
    assert holm([]) == []
