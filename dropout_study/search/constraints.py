"""Constraints on metrics, e.g. ``seconds <= 30``: samplers avoid trials that violate them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna

from dropout_study.errors import UserError

_TEXT = re.compile(r"\s*(?P<name>[\w.]+)\s*(?P<sign><=|>=)\s*(?P<bound>\S+)\s*")


@dataclass(frozen=True)
class Constraint:
    """A bound on a metric that the task returns.

    Args:
        name: the metric's name.
        bound: its upper bound if ``sign`` is 1, its lower bound if ``sign`` is -1.
        sign: 1 for ``<=``, -1 for ``>=``.
    """

    name: str
    bound: float
    sign: int

    def __str__(self) -> str:
        return f"{self.name} {'<=' if self.sign > 0 else '>='} {self.bound:g}"

    def violation(self, value: float) -> float:
        """Returns how far ``value`` is beyond the bound: above 0 is a violation."""
        return self.sign * (value - self.bound)


def parse(text: str) -> Constraint:
    """Returns the constraint that is written in ``text``.

    Raises:
        UserError: the text is not ``METRIC <= NUMBER`` or ``METRIC >= NUMBER``.
    """
    found = _TEXT.fullmatch(str(text))
    bound = _number(found["bound"]) if found else None
    if found is None or bound is None:
        raise UserError(
            f"`hydra.sweeper.constraints` must be like 'seconds <= 30' or 'accuracy >= 0.8', "
            f"got {text!r}"
        )
    return Constraint(found["name"], bound, 1 if found["sign"] == "<=" else -1)


def parse_all(texts: Sequence[str]) -> list[Constraint]:
    """Returns the constraints that are written in ``texts``.

    Raises:
        UserError: a text is not a constraint, or the installed Optuna has no constraints.
    """
    if texts and not hasattr(optuna.Trial, "set_constraint"):
        raise UserError(
            "`hydra.sweeper.constraints` needs Optuna 5 or newer, got Optuna "
            f"{optuna.__version__}; upgrade it or leave the constraints out"
        )
    return [parse(text) for text in texts]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def violations(constraints: Sequence[Constraint], metrics: Mapping[str, Any]) -> dict[str, float]:
    """Returns each constraint's violation, as ``Trial.set_constraint`` takes it: <= 0 is feasible.

    Args:
        constraints: the constraints.
        metrics: the metrics that the task returned.

    Raises:
        UserError: a constraint names a metric that the task did not return as a number.
    """
    return {str(c): c.violation(_metric(c, metrics)) for c in constraints}


def _metric(constraint: Constraint, metrics: Mapping[str, Any]) -> float:
    value = metrics.get(constraint.name)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        numbers = sorted(k for k, v in metrics.items() if isinstance(v, int | float))
        raise UserError(
            f"the constraint '{constraint}' needs the metric `{constraint.name}` as a number, got "
            f"{value!r}; the task returned {', '.join(numbers) or 'no numbers'}"
        )
    return float(value)
