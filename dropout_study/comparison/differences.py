"""The difference between two studies: the test metric of their best, paired by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dropout_study.comparison.confirmed import Confirmed
from dropout_study.paths import StudyPaths
from dropout_study.report.view import StudyView
from dropout_study.stats import Comparison, holm, paired_comparison, simultaneous_level
from dropout_study.task.job_files import recorded_data
from dropout_study.trial import metric_bounds

CONFIRMED, SEARCHED = "confirmation", "search"


@dataclass(frozen=True)
class StudyBest:
    """A study with what is compared of it.

    Attributes:
        name: of the study, different from those of the others.
        view: the study.
        confirmed: its best confirmed trial, if one was confirmed.
    """

    name: str
    view: StudyView
    confirmed: Confirmed | None = None


@dataclass(frozen=True)
class Difference:
    """The test metric of a study's best minus that of the reference's best.

    Attributes:
        reference: the name of the study that is compared with.
        metric: the name of the test metric.
        source: "confirmation" (fresh seeds) or "search" (the seeds of the search).
        comparison: paired over the seeds that both have.
        p_holm: the p-value, corrected by Holm's method over all studies.
    """

    reference: str
    metric: str
    source: str
    comparison: Comparison
    p_holm: float


def differences(studies: Sequence[StudyBest]) -> tuple[list[Difference | None], list[str]]:
    """Compares each study with the first one.

    Returns:
        A difference for each study, None for the first one and where two cannot be compared; and
        one line for each reason of that.
    """
    first, *others = studies
    pairs = [_pair(first, each) for each in others]
    level = simultaneous_level(sum(pair is not None for pair in pairs))
    compared = {
        pair: comparison
        for pair in pairs
        if pair and (comparison := pair.comparison(level)) is not None
    }
    corrected = holm([each.p for each in compared.values()])
    found = {
        pair: Difference(first.name, pair.metric, pair.source, comparison, p)
        for (pair, comparison), p in zip(compared.items(), corrected, strict=True)
    }
    reasons = [
        f"{each.name} is not compared with {first.name}: {_reason(first, each)}."
        for each, pair in zip(others, pairs, strict=True)
        if pair is None
    ]
    return [None, *(found[pair] if pair else None for pair in pairs)], reasons


UNPAIRED = (
    "their best trials have no seed in common; `dropout-study-confirm` trains the best of each "
    "study with the same fresh seeds"
)


def _reason(one: StudyBest, other: StudyBest) -> str:
    """Returns why the bests of two studies are not compared."""
    if found := incomparable(one, other):
        return found
    for each in (one, other):
        metric, best = each.view.objective.test_metric, each.view.best
        if best and not best.by_seed(metric):
            return f"the best trial of {each.name} has no {metric}"
    return UNPAIRED


def incomparable(one: StudyBest, other: StudyBest) -> str:
    """Returns why the bests of two studies cannot be compared; "" if they can."""
    a, b = one.view.objective, other.view.objective
    for each in (one, other):
        if len(each.view.objective.names) > 1:
            return f"{each.name} has several objectives ({', '.join(each.view.objective.names)})"
        if each.view.best is None:
            return f"{each.name} has no complete trial"
    if a.name != b.name:
        return f"the objectives differ ({a.name} and {b.name})"
    if a.minimize != b.minimize:
        words = ["minimize" if each.minimize else "maximize" for each in (a, b)]
        return f"the directions differ ({words[0]} and {words[1]} {a.name})"
    if not _same_images(one.view, other.view):
        return "they were tested on other images"
    return ""


def _same_images(one: StudyView, other: StudyView) -> bool:
    """Returns whether two studies have the same test set, as far as it is recorded."""
    pairs = zip(_test_images(one), _test_images(other), strict=True)
    return all(a == b for a, b in pairs if a is not None and b is not None)


def _test_images(view: StudyView) -> tuple[object, object]:
    """Returns where the images come from, and facts of the test set; None if not recorded."""
    data = view.tables.config.get("data")
    source = data.get("_target_") if isinstance(data, dict) else None
    numbers = [view.best.number] if view.best else []
    facts = next((d for _, d in recorded_data(StudyPaths(view.tables.root), numbers)), None)
    return source, (facts.test, facts.classes, facts.in_shape) if facts else None


@dataclass(frozen=True, eq=False)
class _Pair:
    """The test metric of two trials by seed, with at least one seed in common."""

    metric: str
    source: str
    mine: Mapping[int, float]
    theirs: Mapping[int, float]

    def comparison(self, level: float) -> Comparison | None:
        bounds = metric_bounds(self.metric)
        return paired_comparison(self.theirs, self.mine, bounds=bounds, level=level)


def _pair(one: StudyBest, other: StudyBest) -> _Pair | None:
    """Returns the bests of two studies by fresh seeds if both have them, else by the search's."""
    if incomparable(one, other):
        return None
    a, b = one.confirmed, other.confirmed
    alike = a and b and (a.metric, a.trained_on) == (b.metric, b.trained_on)
    if a and b and alike and a.by_seed.keys() & b.by_seed.keys():
        return _Pair(a.metric, CONFIRMED, a.by_seed, b.by_seed)
    metric, best = one.view.objective.test_metric, (one.view.best, other.view.best)
    mine, theirs = (arm.by_seed(metric) if arm else {} for arm in best)
    shared = metric == other.view.objective.test_metric and mine.keys() & theirs.keys()
    return _Pair(metric, SEARCHED, mine, theirs) if shared else None
