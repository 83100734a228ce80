import numpy as np
import pytest
from scipy import optimize

from dropout_study.stats import fit_gaussian_process, without_outliers
from dropout_study.stats import gaussian_process as module


def wave(points: np.ndarray) -> np.ndarray:
    return np.sin(4 * points[:, 0]) - (points[:, 1] - 0.3) ** 2


def test_a_smooth_function_is_found_between_its_values() -> None:
    rng = np.random.default_rng(0)
    points, others = rng.random((30, 2)), rng.random((50, 2))

    mean, sd = fit_gaussian_process(points, wave(points)).predict(others)

    assert np.abs(mean - wave(others)).max() < 0.05
    assert (np.abs(mean - wave(others)) < 4 * sd + 1e-3).all()


def test_noise_is_separated_from_the_function() -> None:
    rng = np.random.default_rng(0)
    points = rng.random((80, 2))
    values = 5 + 0.01 * (wave(points) + 0.3 * rng.normal(size=80))

    found = fit_gaussian_process(points, values)
    mean, _ = found.predict(points)

    assert 0.5 < np.sqrt(found.noise) * found.scale / 0.003 < 2
    assert np.abs(mean - 5 - 0.01 * wave(points)).mean() < 0.0015  # half of the noise
    assert found.lengths[0] < found.lengths[1]  # the first parameter matters more


def test_far_from_all_values_it_knows_only_their_mean() -> None:
    points = np.array([[0.0], [0.1], [0.2]])
    found = fit_gaussian_process(points, np.array([1.0, 2.0, 3.0]))

    mean, sd = found.predict(np.array([[1e6]]))

    assert mean[0] == pytest.approx(2.0)
    assert sd[0] == pytest.approx(found.scale * np.sqrt(found.signal))


def test_a_single_bad_value_makes_no_hole() -> None:
    rng = np.random.default_rng(0)
    points = rng.random((40, 2))
    truth = wave(points)
    values = truth + 0.02 * rng.normal(size=40)
    values[7] = -20

    mean, _ = fit_gaussian_process(points, *without_outliers(values)).predict(points)

    assert abs(mean[7] - truth[7]) < 0.2
    assert np.abs(np.delete(mean - truth, 7)).mean() < 0.05


def test_sums_and_differences_of_the_function_have_a_mean_and_a_deviation() -> None:
    rng = np.random.default_rng(0)
    points, others = rng.random((30, 2)), rng.random((3, 2))
    found = fit_gaussian_process(points, 5 + wave(points))
    means, deviations = found.predict(others)

    alone = found.combination(others[:1], np.ones(1))
    assert alone == (pytest.approx(means[0]), pytest.approx(deviations[0]))
    mean, sd = found.combination(others, np.full(3, 1 / 3))
    assert mean == pytest.approx(means.mean())
    assert sd < deviations.max()
    difference, _ = found.combination(others[:2], np.array([1.0, -1.0]))
    assert difference == pytest.approx(means[0] - means[1])
    assert found.prior_deviation(others[:1], np.ones(1)) == pytest.approx(
        found.scale * np.sqrt(found.signal)
    )


def test_the_gradient_is_that_of_the_loss() -> None:
    rng = np.random.default_rng(1)
    points, values, logs = rng.random((12, 3)), rng.normal(size=12), rng.normal(size=5)
    rest = points, values, rng.random(12), np.zeros(5), np.ones(5)

    _, gradient = module._loss(logs, *rest)
    numeric = optimize.approx_fprime(logs, lambda x: module._loss(x, *rest)[0], 1e-6)

    assert gradient == pytest.approx(numeric, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0, 2.0]])
def test_equal_values_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="different values"):
        fit_gaussian_process(np.zeros((len(values), 2)), np.array(values))
