"""The headline: the best trial, its comparison with the references, and the uncertainty."""

from dropout_study.paths import StudyPaths
from dropout_study.report.amounts import amount, count_of, interval, percent, points
from dropout_study.report.confirmed import confirmed_sentences
from dropout_study.report.likely_best import likely_best_sentences
from dropout_study.report.view import Arm, StudyView, short, tell
from dropout_study.results.rates import Rates
from dropout_study.results.reference_rates import BOOK_RATES, has_book_rates, is_without_dropout
from dropout_study.stats import (
    Estimate,
    difference_of_shares,
    mean_estimate,
    paired_comparison,
    share_estimate,
)
from dropout_study.task.job_files import recorded_data


def headline(view: StudyView) -> list[str]:
    """Returns the result of the study as a list of sentences.

    If there is a confirmation, it gives the comparisons, because the numbers of the search are
    biased by selection. Without it, the interval of a configuration with several seeds is over its
    seeds. With one seed it is over the test images only, and the sentence says that the noise
    between seeds is not known.
    """
    best = view.best
    if front := view.objective.front:
        numbers = ", ".join(map(str, front[:20])) + (", ..." if len(front) > 20 else "")
        return [
            f"The study has several objectives ({', '.join(view.objective.names)}), so no trial is "
            f"the best in all of them. The Pareto-optimal trials: {numbers}.",
            "The figures that need one objective are left out.",
        ]
    if best is None:
        states = view.trials["state"].value_counts()
        told = ", ".join(f"{count} {state}" for state, count in states.items())
        return [f"No trial is complete ({told}), so there is nothing to conclude yet."]
    confirmed = confirmed_sentences(view)
    sentences = [*confirmed, _best_sentence(view, best)]
    again = view.tables.confirmation if confirmed else None
    for arm in view.arms[1:]:
        minus = "minus_book" if arm is view.book else "minus_no_dropout"
        if arm.number == best.number or again is None or minus not in again:
            sentences.append(_against(view, best, arm))
    sentences += _not_tried(view)
    if len(view.complete) > 1:
        extreme = "lowest" if view.objective.minimize else "highest"
        sentences.append(
            f"The best {view.objective.label} is the {extreme} of {len(view.complete)} values, so "
            "it is optimistic. No test metric was used for selection."
        )
    return [*sentences, *likely_best_sentences(view)]


def test_size(view: StudyView) -> int | None:
    """Returns the number of test images, or None if no trial has recorded it."""
    numbers = [arm.number for arm in view.arms] or [0]
    runs = recorded_data(StudyPaths(view.tables.root), numbers)
    return next((data.test for _, data in runs if data.test > 0), None)


def _best_sentence(view: StudyView, best: Arm) -> str:
    where = view.describe(best.number)
    start = (
        f"Best of {count_of(len(view.complete), 'complete trial')} by {view.objective.label}: "
        f"trial {best.number}{f' ({where})' if where else ''}"
    )
    value = amount(best.value, view.objective.name)
    told = f"{start}, {view.objective.label} {value}{_epochs_of(view)}"
    tests = list(best.by_seed("test_accuracy").values())
    if not tests:
        return f"{told}."
    estimate, over = _estimate(view, tests)
    return f"{told}; test accuracy {percent(estimate.mean)} ({interval(estimate, over)})."


def _epochs_of(view: StudyView) -> str:
    """Returns from which epochs the value is taken, or an empty text if it is not known."""
    if view.objective.epochs.startswith("mean_last_"):
        return f" as the mean of its last {view.objective.epochs.removeprefix('mean_last_')} epochs"
    return {
        "last": " after the last epoch",
        "best_epoch": " at its best epoch, chosen by the same metric",
    }.get(view.objective.epochs, "")


def _not_tried(view: StudyView) -> list[str]:
    """Returns a sentence for each reference that is known to be absent from the trials."""
    rates = [view.rates.by_trial.get(int(number)) for number in view.same_network["trial"]]
    known = [each for each in rates if each is not None]
    if not known:  # the task of another application, or the records are lost
        return []
    if not any(known) and len(known) == len(rates):
        return ["The network has no dropout layer."]
    whose = "complete trial of the best trial's network" if _several(view) else "complete trial"
    sentences: list[str] = []
    for arm, told, lacks in (
        (view.book, f"No {whose} has the book's dropout rates (0.2, 0.5).", _lacks_book_rates),
        (view.no_dropout, f"No {whose} is without dropout.", _has_dropout),
    ):
        if arm is None and all(each is not None and lacks(each) for each in rates):
            sentences.append(told)
    unknown = sum(each is None or None in each.values() for each in rates)
    if unknown:
        sentences.append(
            f"Not all dropout rates of {count_of(unknown, whose)} are known from the layers of the "
            "network. Name the settings that are dropout rates with "
            "`'hydra.callbacks.report.rates=[KEY]'`."
        )
    return sentences


def _lacks_book_rates(rates: Rates) -> bool:
    """Returns whether a network with room for the book's two rates is known to have others."""
    return len(rates) >= len(BOOK_RATES) and has_book_rates(rates) is False


def _has_dropout(rates: Rates) -> bool:
    return is_without_dropout(rates) is False


def _several(view: StudyView) -> bool:
    return "model" in view.params


def _estimate(view: StudyView, tests: list[float]) -> tuple[Estimate, str]:
    """Returns the estimate of a test accuracy, and the words for what its interval is over."""
    if len(tests) > 1:
        return mean_estimate(tests), f"n = {len(tests)} seeds"
    size = test_size(view)
    if size is None:
        nan = float("nan")
        return Estimate(tests[0], nan, nan, nan, 1), "n = 1 seed"
    return share_estimate(tests[0], size), f"over the n = {size:,} test images, 1 seed"


def _against(view: StudyView, best: Arm, other: Arm) -> str:
    book = other is view.book
    if other.number == best.number:
        told = "has the book's rates" if book else "is without dropout"
        return f"The best trial itself {told}."
    name = "the book's rates" if book else "no dropout"
    a, b = best.by_seed("test_accuracy"), other.by_seed("test_accuracy")
    if not a or not b:
        told = (
            f"With {name} (trial {other.number}) the {view.objective.label} is {tell(other.value)}."
        )
        return told + _unlike(view, best, other)
    start = f"Against {name} (trial {other.number}, "
    paired = paired_comparison(a, b)
    if paired is not None and paired.difference.n > 1:
        return start + _paired_verdict(paired.difference, b, paired.p) + _unlike(view, best, other)
    mean_a, mean_b = (sum(arm.values()) / len(arm) for arm in (a, b))
    verdict = _single_verdict(mean_a, mean_b, test_size(view))
    return start + verdict + _unlike(view, best, other)


def _unlike(view: StudyView, best: Arm, other: Arm) -> str:
    """Returns a sentence on the other searched settings in which the two trials differ."""
    a, b = best.trials.iloc[0], other.trials.iloc[0]
    told = [
        f"{short(name)} ({tell(a[name])} against {tell(b[name])})"
        for name in view.differing(best, other)
    ]
    if not told:
        return " The two differ only in their dropout rates."
    return f" They also differ in other settings than their dropout rates: {', '.join(told)}."


def _paired_verdict(difference: Estimate, other: dict[int, float], p: float) -> str:
    mean = sum(other.values()) / len(other)
    sure = "beyond" if difference.excludes(0) else "within"
    return (
        f"{percent(mean)} on the test set) the difference is {points(difference)} "
        f"(paired over n = {difference.n} seeds, p = {p:.3f}): {sure} the noise."
    )


def _single_verdict(a: float, b: float, size: int | None) -> str:
    start = f"{percent(b)} on the test set) the difference is"
    if size is None:
        return (
            f"{start} {100 * (a - b):+.1f} points with n = 1 seed each; its uncertainty is not "
            "known."
        )
    difference = difference_of_shares(share_estimate(a, size), share_estimate(b, size))
    if not difference.excludes(0):
        return (
            f"{start} {points(difference)} over the n = {size:,} test images: within the noise of "
            "the test images alone."
        )
    return (
        f"{start} {points(difference)} over the n = {size:,} test images: beyond the noise of the "
        "test images. With n = 1 seed each the noise between seeds is not known; "
        "`dropout-study-confirm` measures it."
    )
