"""What a comparison of studies says, in sentences."""

from collections.abc import Mapping, Sequence

from dropout_study.comparison.differences import CONFIRMED, Difference, StudyBest
from dropout_study.report.accounting import account
from dropout_study.report.amounts import ALONE, TOGETHER, points, verdict
from dropout_study.report.objective import metric_words
from dropout_study.stats import FEWEST

UNEQUAL = 1.25
"""Budgets that differ by more than this factor are told."""


def difference_sentences(found: Mapping[str, Difference]) -> list[str]:
    """Returns a sentence for each difference, and what to do where there are too few seeds.

    Args:
        found: the differences to the reference, by the study's name.
    """
    kind = TOGETHER if len(found) > 1 else ALONE
    told = [_sentence(name, each, kind, len(found)) for name, each in found.items()]
    if any(each.comparison.difference.n < FEWEST for each in found.values()):
        few = f"Fewer than {FEWEST} common seeds give no interval"
        told.append(f"{few}: `dropout-study-confirm` trains the best of each study with more.")
    return told


def _sentence(name: str, found: Difference, kind: str, count: int) -> str:
    difference, metric = found.comparison.difference, found.metric
    better = ", lower is better" * metric.endswith("loss")
    told = (
        f"{name} minus {found.reference}, {metric_words(metric)}: "
        f"{points(difference, metric, kind)}{better}, paired over {_seeds(found)}"
    )
    if difference.n < FEWEST:
        return f"{told}."
    return f"{told}, p = {found.p_holm:.3f}{verdict(found.p_holm, difference.n, count)}."


def _seeds(found: Difference) -> str:
    count = found.comparison.difference.n
    seeds = "seed" if count == 1 else "seeds"
    fresh = found.source == CONFIRMED
    return f"{count} fresh {seeds}" if fresh else f"{count} {seeds} of the searches"


def budget_sentence(studies: Sequence[StudyBest]) -> list[str]:
    """Returns a sentence if the studies have trained for different numbers of epochs; else []."""
    spent = [(account(each.view).epochs, each.name) for each in studies]
    by_epochs = sorted(each for each in spent if each[0])  # 0: not recorded
    if len(by_epochs) < 2:
        return []
    (least, short), *_, (most, long) = by_epochs
    if most <= UNEQUAL * least:
        return []
    return [
        f"The studies have trained for different numbers of epochs, from {least:,} ({short}) to "
        f"{most:,} ({long}): a longer search finds a better trial also where the settings make no "
        "difference."
    ]
