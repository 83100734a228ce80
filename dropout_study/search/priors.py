"""Priors on parameters: where the user expects good values, ``prior:`` in YAML.

::

    params:
      model.dropout1: {distribution: "interval(0, 0.8)", prior: {mean: 0.3, std: 0.1}}
      optimizer.lr: {distribution: "tag(log, interval(0.001, 1))", prior: {mean: 0.1, std: 3}}
      model: {distribution: "choice(mlp, mlp_deep)", prior: {mlp: 3, mlp_deep: 1}}

The values that a sampler would draw evenly at random are drawn from the prior: all of the random
sampler's, and those of the trials with which TPE and the Gaussian process begin. What these learn
from results later is not weighted by the prior, so that a wrong one costs no more than its trials.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from random import Random
from statistics import NormalDist
from typing import Any

from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution

from dropout_study.errors import UserError
from dropout_study.search.space import nearest_number


@dataclass(frozen=True)
class NumberPrior:
    """A normal distribution, cut off at the ends of a numeric parameter's range.

    Attributes:
        mean: the most likely value.
        std: its standard deviation; for a parameter on a logarithmic scale a factor above 1: two
            thirds of the values lie between mean / std and mean * std, if the range allows it.
    """

    mean: float
    std: float

    def draw(self, distribution: BaseDistribution, random: Random) -> float:
        """Returns a value of the distribution."""
        assert isinstance(distribution, FloatDistribution | IntDistribution)
        half = (distribution.step or 0) / 2  # a value stands for what is rounded to it
        low, high = distribution.low - half, distribution.high + half
        if not distribution.log:
            value = _cut(NormalDist(self.mean, self.std), low, high, random)
        else:
            normal = NormalDist(log(self.mean), log(self.std))
            value = exp(_cut(normal, log(low), log(high), random))
        return nearest_number(distribution, value)


@dataclass(frozen=True)
class ChoicePrior:
    """A weight for each choice.

    Attributes:
        weights: stored choice -> weight, in any unit.
    """

    weights: Mapping[Any, float]

    def draw(self, distribution: BaseDistribution, random: Random) -> Any:
        """Returns a choice."""
        choices = list(self.weights)
        return choices[random.choices(range(len(choices)), list(self.weights.values()))[0]]


Prior = NumberPrior | ChoicePrior


def number_prior(name: str, given: Mapping[str, Any], distribution: BaseDistribution) -> Prior:
    """Returns the prior of a numeric parameter.

    Raises:
        UserError: it is not ``{mean: ..., std: ...}``, or a number is out of its range.
    """
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    numbers = [given.get(key) for key in ("mean", "std")]
    valid = all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    if given.keys() != {"mean", "std"} or not valid:
        raise UserError(f"`{name}` must have its prior as {{mean: ..., std: ...}}, got {given}")
    mean, std = map(float, numbers)  # type: ignore[arg-type]  # they are numbers
    low, high = distribution.low, distribution.high
    if not low <= mean <= high:
        raise UserError(
            f"`{name}` must have the mean of its prior in its range, {low:g} to {high:g}, "
            f"got {mean:g}"
        )
    if not std > (1 if distribution.log else 0):
        rule = "> 1, a factor, on a logarithmic scale" if distribution.log else "> 0"
        raise UserError(f"`{name}` must have the std of its prior {rule}, got {std:g}")
    return NumberPrior(mean, std)


def _cut(normal: NormalDist, low: float, high: float, random: Random) -> float:
    """Returns a draw from a normal distribution between two bounds: its inverse CDF."""
    first, last = normal.cdf(low), normal.cdf(high)
    share = first + (last - first) * random.random()
    return min(max(normal.inv_cdf(min(max(share, 1e-16), 1 - 1e-16)), low), high)
