"""Errors that a user can correct: each message has the given value, the rule and the way out."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any


class UserError(Exception):
    """The user's input cannot be used. The message is one line and needs no traceback."""

    def _render_traceback_(self) -> list[str]:
        """Returns what IPython shows."""
        return [f"{type(self).__name__}: {self}"]


class DivergedError(UserError):
    """The training loss of a trial is no longer a finite number."""


class TrialPruned(Exception):  # noqa: N818  # Optuna's name for it
    """Ends a pruned trial. This is no failure: its metrics are kept.

    Args:
        metrics: what the trial would return now; the objective's entry is its value.
        may_continue: whether the trial may be continued later, so that its state is kept.
    """

    def __init__(
        self, metrics: Mapping[str, Any] | None = None, may_continue: bool = False
    ) -> None:
        self.metrics: dict[str, Any] = dict(metrics or {})
        self.may_continue = may_continue
        super().__init__(self.metrics, may_continue)  # they are needed to pickle the exception


def argument_error(name: str, value: object, rule: str, way_out: str = "") -> UserError:
    """Returns the error for an argument whose value breaks a rule."""
    return UserError(f"`{name}` {rule}, got {value!r}" + (f"; {way_out}" if way_out else ""))


def did_you_mean(name: object, options: Iterable[str]) -> str:
    """Returns the end of an error line: the nearest of ``options``, or all if none is near."""
    known = sorted(options)
    near = nearest(str(name), known)
    if near:
        return f"; did you mean `{near}`?"
    return f"; there is: {', '.join(known)}" if known else ""


def nearest(name: str, options: Iterable[str]) -> str | None:
    """Returns the option that ``name`` may be a misspelling of, or None.

    A dotted option is also near if its last part is: the user may have forgotten the first parts.
    """
    known = sorted(options)
    by_leaf = {option.rpartition(".")[2]: option for option in reversed(known)}
    leaves = difflib.get_close_matches(name.rpartition(".")[2], by_leaf, n=1, cutoff=0.7)
    whole = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    siblings = [option for option in whole if _place(option) == _place(name)]
    return next(iter([*siblings, *(by_leaf[leaf] for leaf in leaves), *whole]), None)


def _place(name: str) -> str:
    return name.rpartition(".")[0]
