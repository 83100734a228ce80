"""What a comparison of studies says, in sentences."""

from collections.abc import Sequence

from dropout_study.comparison.differences import CONFIRMED, Difference, StudyBest
from dropout_study.report.accounting import account
from dropout_study.report.amounts import ALONE, TOGETHER, points
from dropout_study.report.objective import metric_words
from dropout_study.stats import FEWEST

UNEQUAL = 1.05
"""Budgets that differ by more than this factor are told."""


def difference_sentence(name: str, found: Difference, *, several: bool) -> str:
    """Returns a sentence on the difference of a study to the reference.

    Args:
        name: of the study.
        found: the difference.
        several: whether there are other differences, with which its interval is simultaneous.
    """
    difference, metric = found.comparison.difference, found.metric
    better = ", lower is better" * metric.endswith("loss")
    told = points(difference, metric, TOGETHER if several else ALONE)
    start = (
        f"{name} minus {found.reference}, {metric_words(metric)}: {told}"
        f"{better}, paired over {_seeds(found)}"
    )
    if difference.n < FEWEST:
        return f"{start}; `dropout-study-confirm` trains the best of each study with more seeds."
    verdict = "beyond" if found.p_holm < 0.05 else "within"
    return f"{start}, p = {found.p_holm:.3f}: {verdict} the noise."


def _seeds(found: Difference) -> str:
    count = found.comparison.difference.n
    seeds = "seed" if count == 1 else "seeds"
    return (
        f"{count} fresh {seeds}"
        if found.source == CONFIRMED
        else f"{count} {seeds} of the searches"
    )


def budget_sentence(studies: Sequence[StudyBest]) -> list[str]:
    """Returns a sentence if the studies have trained for different numbers of epochs; else []."""
    epochs = {each.name: account(each.view).epochs for each in studies}
    if max(epochs.values()) <= UNEQUAL * min(epochs.values()):
        return []
    told = ", ".join(f"{name} {count:,}" for name, count in epochs.items())
    return [
        f"The studies have trained for different numbers of epochs ({told}): a longer search finds "
        "a better trial also where the settings make no difference."
    ]
