"""What a comparison of studies says, in sentences."""

from collections.abc import Sequence

from dropout_study.comparison.differences import CONFIRMED, Difference, StudyBest
from dropout_study.report.accounting import account
from dropout_study.report.amounts import count_of, points
from dropout_study.report.objective import metric_words

UNEQUAL = 1.05
"""Budgets that differ by more than this factor are told."""


def difference_sentence(name: str, found: Difference) -> str:
    """Returns a sentence on the difference of a study to the reference."""
    difference, metric = found.comparison.difference, found.metric
    better = ", lower is better" * metric.endswith("loss")
    start = (
        f"{name} minus {found.reference}, {metric_words(metric)}: {points(difference, metric)}"
        f"{better}, paired over {_seeds(found)}"
    )
    if difference.n < 2:
        return (
            f"{start}; one seed has no interval, `dropout-study-confirm` trains the best of each "
            "study with more."
        )
    verdict = "beyond" if found.p_holm < 0.05 else "within"
    return f"{start}, p = {found.p_holm:.3f}: {verdict} the noise."


def _seeds(found: Difference) -> str:
    told = count_of(found.comparison.difference.n, "seed")
    return told.replace(" ", " fresh ") if found.source == CONFIRMED else f"{told} of the searches"


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
