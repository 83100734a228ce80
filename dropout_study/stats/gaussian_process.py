"""A Gaussian process: the mean of a noisy function, from a few values of it."""

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

Array = NDArray[np.float64]

LENGTH_SD, SIGNAL_SD = sqrt(3), 1.0
NOISE_MEAN, NOISE_SD = log(0.1), 1.5
"""Priors, in logarithms: of a length scale, of the signal's and of the noise's variance."""
FAR_OUT = 100.0
"""Times the variance of the noise of a value far below the others."""
JITTER = 1e-6
"""Added to the noise: equal points would make the matrix singular."""


@dataclass(frozen=True)
class GaussianProcess:
    """A fitted process over points in the unit cube [0, 1]^D, with a Matern 5/2 covariance.

    Attributes:
        points: where the function was measured, [N, D].
        lengths: a length scale for each dimension, [D].
        signal: variance of the function, in units of the values' variance.
        noise: variance of a measurement, in the same units.
        offset: mean of the values.
        scale: standard deviation of the values.
        weights: inverse covariance times standardised values, [N].
        factor: Cholesky factor of the covariance, [N, N].
    """

    points: Array
    lengths: Array
    signal: float
    noise: float
    offset: float
    scale: float
    weights: Array
    factor: Array

    def predict(self, points: Array) -> tuple[Array, Array]:
        """Returns the mean of the function and its standard deviation at points [M, D]: [M], [M].

        They are of the function itself, without the noise of a measurement.
        """
        covariance = self.signal * _matern(_scaled(points, self.points, self.lengths)[1])
        mean = covariance @ self.weights
        explained = linalg.solve_triangular(self.factor, covariance.T, lower=True)
        variance = np.maximum(self.signal - (explained**2).sum(axis=0), 0)
        return self.offset + self.scale * mean, self.scale * np.sqrt(variance)

    def combination(self, points: Array, weights: Array) -> tuple[float, float]:
        """Returns the sum of the function at points [K, D] times weights [K], and its deviation.

        The average over points is such a sum, and so is a difference of averages. That of weights
        whose sum is 1 has the offset; a difference, whose weights have the sum 0, has none.
        """
        covariance = self.signal * _matern(_scaled(points, self.points, self.lengths)[1])
        mean = float(weights @ covariance @ self.weights)
        explained = linalg.solve_triangular(self.factor, weights @ covariance, lower=True)
        variance = self._prior(points, weights) - float(explained @ explained)
        offset = self.offset * float(weights.sum())
        return offset + self.scale * mean, self.scale * sqrt(max(variance, 0.0))

    def prior_deviation(self, points: Array, weights: Array) -> float:
        """Returns the standard deviation of such a sum before any value was seen."""
        return self.scale * sqrt(self._prior(points, weights))

    def _prior(self, points: Array, weights: Array) -> float:
        matern = _matern(_scaled(points, points, self.lengths)[1])
        return self.signal * max(float(weights @ matern @ weights), 0.0)


def without_outliers(values: Array) -> tuple[Array, Array]:
    """Returns values [N], large ones good, for a fit that a few bad ones do not decide.

    Values are raised to Tukey's lower fence, Q1 - 1.5 IQR: how bad they are would otherwise decide
    the scale. The second array, [N], is ``noisier`` of ``fit_gaussian_process``: a value below
    Q1 - 3 IQR, of a training that diverged perhaps, counts as ``FAR_OUT`` times as noisy as the
    others. So a single one makes no hole, and many together do.
    """
    low, high = np.quantile(values, [0.25, 0.75])
    raised = np.maximum(values, low - 1.5 * (high - low))
    return raised, np.where(values < low - 3 * (high - low), FAR_OUT, 1.0)


def fit_gaussian_process(
    points: Array, values: Array, noisier: Array | None = None
) -> GaussianProcess:
    """Fits a Gaussian process to values [N] at points [N, D] of the unit cube.

    ``noisier`` [N] says of each value how many times the variance of its noise is that of the
    others; None for one noise.

    The source is Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, chapters 2 and
    5. The length scales and the variances of signal and noise are those of the highest posterior
    density. The prior of the length scales is that of Hvarfner et al. 2024 (Vanilla Bayesian
    Optimization Performs Great in High Dimensions). Without a prior, few values are often explained
    by noise alone, or without noise.

    Raises:
        ValueError: there are fewer than two values, or all are equal.
    """
    offset, scale = float(values.mean()), float(values.std()) if len(values) > 1 else 0.0
    if scale == 0:
        raise ValueError("a Gaussian process needs different values")
    standard = (values - offset) / scale
    times = np.ones(len(values)) if noisier is None else noisier
    dimensions = points.shape[1]
    length_mean = sqrt(2) + log(dimensions) / 2
    means = np.array([*[length_mean] * dimensions, 0.0, NOISE_MEAN])
    deviations = np.array([*[LENGTH_SD] * dimensions, SIGNAL_SD, NOISE_SD])
    starts = (means, means - [*[2.0] * dimensions, 0.0, 0.0])  # smooth, and less smooth
    found = [
        optimize.minimize(
            _loss,
            start,
            (points, standard, times, means, deviations),
            jac=True,
            method="L-BFGS-B",
            bounds=list(zip(means - 6, means + 6, strict=True)),
        )
        for start in starts
    ]
    best: Array = min(found, key=lambda each: float(each.fun)).x
    lengths, signal, noise = np.exp(best[:-2]), float(np.exp(best[-2])), float(np.exp(best[-1]))
    factor = _factor(signal * _matern(_scaled(points, points, lengths)[1]), noise * times)
    weights = linalg.cho_solve((factor, True), standard)
    return GaussianProcess(points, lengths, signal, noise, offset, scale, weights, factor)


def _loss(
    logs: Array, points: Array, values: Array, times: Array, means: Array, deviations: Array
) -> tuple[float, Array]:
    """Returns the negative log posterior density of hyperparameters, and its gradient."""
    lengths, signal, noise = np.exp(logs[:-2]), np.exp(logs[-2]), np.exp(logs[-1])
    squares, distance = _scaled(points, points, lengths)
    covariance = signal * _matern(distance)
    factor = _factor(covariance, noise * times)
    weights = linalg.cho_solve((factor, True), values)
    offsets = (logs - means) / deviations
    loss = 0.5 * values @ weights + np.log(np.diag(factor)).sum() + 0.5 * offsets @ offsets
    slope = linalg.cho_solve((factor, True), np.eye(len(values))) - np.outer(weights, weights)
    root = sqrt(5) * distance
    by_length = signal * 5 / 3 * (1 + root) * np.exp(-root)
    gradient = [
        *np.einsum("ij,ij,ijd->d", slope, by_length, squares),
        (slope * covariance).sum(),
        noise * (np.diag(slope) * times).sum(),
    ]
    return float(loss), 0.5 * np.array(gradient) + offsets / deviations


def _scaled(a: Array, b: Array, lengths: Array) -> tuple[Array, Array]:
    """Returns the squared scaled differences [M, N, D] of points, and their distances [M, N]."""
    squares = ((a[:, None, :] - b[None, :, :]) / lengths) ** 2
    return squares, np.sqrt(squares.sum(axis=2))


def _matern(distance: Array) -> Array:
    """Returns the Matern 5/2 correlation at a distance in length scales."""
    root = sqrt(5) * distance
    return np.asarray((1 + root + root**2 / 3) * np.exp(-root))


def _factor(covariance: Array, noise: Array) -> Array:
    return linalg.cholesky(covariance + np.diag(noise + JITTER), lower=True)
