"""The confirmed configuration of a study: trained again with fresh seeds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dropout_study.report.view import StudyView
from dropout_study.stats import Estimate, mean_estimate
from dropout_study.trial import MERGED, metric_bounds

NEEDED = {"configuration", "description"}
_NAME = re.compile(r"trial_(\d+)")
_ARM = re.compile(r"trial (\d+)(?: \(.*\))?")
_OTHER = re.compile(r"best of (.+): trial (\d+)")


@dataclass(frozen=True)
class Confirmed:
    """A trial of a study that was trained again with fresh seeds.

    Attributes:
        trial: its number.
        metric: the name of the test metric.
        trained_on: "train + validation", or "train" as in the study.
        by_seed: seed -> metric, of the runs that have a result.
    """

    trial: int
    metric: str
    trained_on: str
    by_seed: dict[int, float]

    @property
    def estimate(self) -> Estimate:
        """The mean over the seeds."""
        return mean_estimate(list(self.by_seed.values()), bounds=metric_bounds(self.metric))


def best_confirmed(view: StudyView, others: Sequence[StudyView] = ()) -> Confirmed | None:
    """Returns the best by the objective among the confirmed trials of a study.

    It is never chosen by its test metric. A confirmation against another study
    (``dropout-study-confirm --against``) is in the directory of the one and has runs of both.

    Args:
        view: the study.
        others: the other studies, whose confirmations may have runs of this one.
    """
    found = {each.trial: each for each in (*_in_others(view, others), *_own(view))}
    best = view.best_among(view.complete[view.complete["trial"].isin(list(found))])
    return found[best.number] if best is not None else None


def _own(view: StudyView) -> Iterator[Confirmed]:
    """Yields the study's trials in its own confirmation, without those of changed rates."""
    for row in _rows(view):
        name, description = str(row["configuration"]), str(row["description"])
        number = _NAME.fullmatch(name) or ("=" in name and _ARM.fullmatch(description))
        if number:
            yield from _confirmed(view, row, int(number[1]))


def _in_others(view: StudyView, others: Sequence[StudyView]) -> Iterator[Confirmed]:
    """Yields the study's trials in confirmations of other studies against it.

    These know it by the name of its directory alone, so none is its own if another study here has
    the same name.
    """
    name = _name(view)
    if any(_name(other) == name for other in others):
        return
    for other in others:
        for row in _rows(other):
            found = _OTHER.fullmatch(str(row["description"]))
            if found and found[1] == name and not _NAME.fullmatch(str(row["configuration"])):
                yield from _confirmed(other, row, int(found[2]))


def _name(view: StudyView) -> str:
    return view.tables.root.resolve().name


def _rows(view: StudyView) -> list[dict[Any, Any]]:
    table = view.tables.confirmation
    if table is None or not set(table.columns) >= NEEDED:
        return []
    return table.to_dict("records")


def _confirmed(view: StudyView, row: dict[Any, Any], number: int) -> Iterator[Confirmed]:
    """Yields a row of a study's confirmation with its runs, if one has a result."""
    runs, metric = view.tables.confirmation_runs, str(row.get("metric", "test_accuracy"))
    if runs is None or not {"configuration", "seed", metric} <= set(runs.columns):
        return
    own: pd.DataFrame = runs[runs["configuration"] == row["configuration"]]
    own = own.dropna(subset=["seed", metric])
    if len(own):
        by_seed = dict(zip(own["seed"].astype(int), own[metric].astype(float), strict=True))
        yield Confirmed(number, metric, str(row.get("trained_on", MERGED)), by_seed)
