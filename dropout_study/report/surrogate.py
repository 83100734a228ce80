"""A Gaussian process over the complete trials: what the parameters do, and how sure that is.

A single trial is noisy. The process separates the smooth effect of the parameters from the noise,
and has a standard deviation for each of its predictions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dropout_study.report.amounts import percent
from dropout_study.report.language import many
from dropout_study.report.objective import NotEnoughError, Target
from dropout_study.stats import Array, GaussianProcess, fit_gaussian_process, without_outliers

if TYPE_CHECKING:
    from dropout_study.report.view import StudyView

FEWEST = 10
"""Complete trials that a prediction needs at least."""
MOST = 400
"""Trials that the process is fitted to; of more, as many are taken at equal distances."""
AVERAGED = 64
"""Trials over whose other parameters an effect is averaged, at most."""
KNOWN = 0.7
"""A prediction is shown if its ``doubt`` is less."""


@dataclass(frozen=True)
class Coordinate:
    """A searched parameter as one or more dimensions of the unit cube.

    A number is scaled to [0, 1], on a logarithmic scale where it was searched on one. A number that
    only some trials have is in the middle for the others, and a further dimension tells the two
    apart. Every other value is a dimension of its own, 0 or 1.

    Attributes:
        name: its key.
        categories: its values as text; () for a number.
        log: whether its scale is logarithmic.
        ends: its smallest and largest value, on its scale.
        partial: whether only some trials have it.
    """

    name: str
    categories: tuple[str, ...] = ()
    log: bool = False
    ends: tuple[float, float] = (0.0, 1.0)
    partial: bool = False

    @classmethod
    def of(cls, view: "StudyView", rows: pd.DataFrame, name: str) -> "Coordinate":
        """Returns the coordinate of a parameter, from its values in ``rows``."""
        if name not in view.numeric_params:
            return cls(name, categories=tuple(sorted(set(_texts(rows[name].tolist())))))
        log = name in view.log_params
        numbers = _on_scale(rows[name].tolist(), log)
        known = numbers[np.isfinite(numbers)]
        ends = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
        return cls(name, log=log, ends=ends, partial=len(known) < len(numbers))

    @property
    def width(self) -> int:
        """How many dimensions it has."""
        return len(self.categories) or 1 + self.partial

    def encode(self, values: Sequence[Any]) -> Array:
        """Returns its values in N trials as points of its dimensions, [N, width]."""
        if self.categories:
            texts = _texts(values)
            return np.array([[float(text == each) for each in self.categories] for text in texts])
        numbers = _on_scale(values, self.log)
        known = np.isfinite(numbers)
        low, high = self.ends
        scaled = np.where(known, (numbers - low) / ((high - low) or 1.0), 0.5)
        return np.stack([scaled, *[known.astype(float)] * self.partial], axis=1)

    def even(self, count: int) -> list[float]:
        """Returns ``count`` of its numbers at equal distances on its scale."""
        places = np.linspace(*self.ends, count)
        return [float(each) for each in (np.exp(places) if self.log else places)]


def _texts(values: Sequence[Any]) -> list[str]:
    return ["" if pd.isna(value) else str(value) for value in values]


def _on_scale(values: Sequence[Any], log: bool) -> Array:
    numbers = np.array(values, float)
    return np.log(numbers) if log else numbers


@dataclass(frozen=True)
class Prediction:
    """A predicted number.

    Attributes:
        mean: its mean.
        sd: its standard deviation.
        doubt: ``sd`` divided by what it is without any trial or, if this is less, by the standard
            deviation of the trials' values: 1 if the prediction is no better than their mean.
    """

    mean: float
    sd: float
    doubt: float = 0.0

    @property
    def known(self) -> bool:
        """Whether the trials say something of it."""
        return self.doubt < KNOWN


@dataclass(frozen=True)
class Surrogate:
    """A Gaussian process fitted to the complete trials of a study.

    Attributes:
        coordinates: the parameters, in the order of their dimensions.
        rows: the complete trials, N.
        points: their parameters in the unit cube, [N, D].
        process: the process over values whose large ones are good.
        sign: -1 if small values of the target are good, else 1.
        fence: the value that worse ones were raised to.
        raised: how many were.
    """

    coordinates: list[Coordinate]
    rows: pd.DataFrame
    points: Array
    process: GaussianProcess
    sign: int
    fence: float
    raised: int

    def coordinate(self, name: str) -> Coordinate:
        """Returns the coordinate of a parameter."""
        return next(each for each in self.coordinates if each.name == name)

    def at_trials(self, places: Sequence[int]) -> list[Prediction]:
        """Returns the predictions for the parameters of the trials at these places of ``rows``."""
        means, deviations = self.process.predict(self.points[list(places)])
        return [
            Prediction(self.sign * float(mean), float(sd))
            for mean, sd in zip(means, deviations, strict=True)
        ]

    def effects(self, settings: Sequence[Mapping[str, Any]]) -> list[Prediction]:
        """Returns for each setting the mean over the trials if all had these parameters.

        This is the partial dependence of Friedman 2001, Greedy Function Approximation, section 8.2,
        of the process; its standard deviation is exact, as the mean of normal variables is one.

        Args:
            settings: values of the same parameters, at least one setting.
        """
        trials = self._averaged(list(settings[0]))
        weights = np.full(len(trials), 1 / len(trials))
        found = []
        for setting in settings:
            points = self._with(trials, setting)
            mean, sd = self.process.combination(points, weights)
            unsure = min(self.process.prior_deviation(points, weights), self.process.scale)
            found.append(Prediction(self.sign * mean, sd, doubt=sd / unsure if unsure else 0.0))
        return found

    def interaction(self, ends: Mapping[str, tuple[float, float]]) -> Prediction:
        """Returns how much more one parameter's step changes after the other's step.

        It is the difference of differences of four effects.

        Args:
            ends: for each of two parameters the values before and after its step.
        """
        (x, (x0, x1)), (y, (y0, y1)) = ends.items()
        corners = {1: [{x: x1, y: y1}, {x: x0, y: y0}], -1: [{x: x1, y: y0}, {x: x0, y: y1}]}
        trials = self._averaged([x, y])
        points, weights = [], []
        for sign, settings in corners.items():
            for setting in settings:
                points.append(self._with(trials, setting))
                weights.append(np.full(len(trials), sign / len(trials)))
        mean, sd = self.process.combination(np.concatenate(points), np.concatenate(weights))
        return Prediction(self.sign * mean, sd)

    def _averaged(self, names: Sequence[str]) -> Array:
        """Returns the points of at most ``AVERAGED`` trials that have these parameters."""
        places = np.flatnonzero(self.rows[list(names)].notna().all(axis=1))
        return np.asarray(self.points[places[evenly(len(places), AVERAGED)]])

    def _with(self, trials: Array, setting: Mapping[str, Any]) -> Array:
        """Returns the trials' points with the parameters of ``setting`` instead."""
        points, start = trials.copy(), 0
        for each in self.coordinates:
            if each.name in setting:
                points[:, start : start + each.width] = each.encode([setting[each.name]])
            start += each.width
        return points


def surrogate(view: "StudyView", target: Target) -> Surrogate:
    """Returns the Gaussian process over the complete trials of a study; it is fitted once.

    Raises:
        NotEnoughError: there are too few complete trials, or they do not differ.
    """
    if target.column not in view.surrogates:
        view.surrogates[target.column] = _fitted(view, target)
    return view.surrogates[target.column]


def _fitted(view: "StudyView", target: Target) -> Surrogate:
    done = view.objective.finished
    if len(done) < FEWEST:
        raise NotEnoughError(
            "needs {needed} complete trials, there are {n}", needed=FEWEST, n=len(done)
        )
    if not view.params or done[target.column].nunique() < 2:
        raise NotEnoughError("needs complete trials with different parameters and values")
    sign = -1 if target.minimize else 1
    coordinates = [Coordinate.of(view, done, name) for name in view.params]
    points = np.concatenate([each.encode(done[each.name].tolist()) for each in coordinates], axis=1)
    values = sign * done[target.column].to_numpy(float)
    tame, noisier = without_outliers(values)
    used = evenly(len(done), MOST)
    process = fit_gaussian_process(points[used], tame[used], noisier[used])
    raised = int((values < tame).sum())
    return Surrogate(coordinates, done, points, process, sign, sign * float(tame.min()), raised)


def raised_note(process: Surrogate, target: Target) -> str:
    """Returns a sentence on the trials whose values were raised for the fit; "" if none were."""
    if not process.raised:
        return ""
    return many(
        process.raised,
        "{count} bad trial counts as {value} in the fit, so the prediction near it is too good.",
        "{count} bad trials count as {value} in the fit, so the prediction near them is too good.",
        value=percent(process.fence) if target.accuracy else f"{process.fence:.4g}",
    )


def evenly(count: int, most: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Returns the places of at most ``most`` of ``count`` things, at equal distances."""
    return np.unique(np.linspace(0, count - 1, most).round().astype(int))
