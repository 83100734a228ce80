"""Sentences that compare trials of the search: like with like, or what differs is named."""

import pandas as pd

from dropout_study.paths import StudyPaths
from dropout_study.report.amounts import percent, points, verdict
from dropout_study.report.language import say
from dropout_study.report.view import Arm, StudyView, short, tell
from dropout_study.stats import (
    FEWEST,
    difference_of_shares,
    paired_comparison,
    share_estimate,
)
from dropout_study.task.job_files import recorded_data
from dropout_study.trial import metric_bounds

ACCURACY = "test_accuracy"


def against(view: StudyView, best: Arm, confirmation: pd.DataFrame | None) -> list[str]:
    """Returns a sentence for each comparison of the search that no confirmation has made.

    The best trial is compared with the best trial of each reference, and what else differs is
    named. The book's rates are compared with no dropout where nothing else differs.

    Args:
        view: the study.
        best: its best configuration.
        confirmation: what the headline has told already, or None.
    """
    columns = () if confirmation is None else confirmation.columns
    sentences = [
        _of_best(view, best, reference)
        for reference, minus in ((view.book, "minus_book"), (view.no_dropout, "minus_no_dropout"))
        if reference is not None and (reference.number == best.number or minus not in columns)
    ]
    pair = view.equal_references
    if pair and confirmation is None and best.number not in (each.number for each in pair):
        sentences += _of_references(view, *pair)
    return sentences


def unlike(view: StudyView, one: Arm, other: Arm) -> str:
    """Returns what differs beside the rates: "lr 0.1 against 0.5, epochs 22 against 40"."""
    a, b = one.trials.iloc[0], other.trials.iloc[0]
    return ", ".join(
        say("{name} {one} against {other}", name=short(n), one=tell(a[n]), other=tell(b[n]))
        for n in view.differing(one, other)
    )


def test_size(view: StudyView) -> int | None:
    """Returns the number of test images, or None if no trial has recorded it."""
    numbers = [arm.number for arm in view.arms] or [0]
    runs = recorded_data(StudyPaths(view.tables.root), numbers)
    return next((data.test for _, data in runs if data.test > 0), None)


def _of_best(view: StudyView, best: Arm, other: Arm) -> str:
    """Returns the comparison of the best trial with a reference."""
    book = other is view.book
    if other.number == best.number:
        if book:
            return say("The best trial itself has the book's rates.")
        return say("The best trial itself is without dropout.")
    name = say("the book's rates") if book else say("no dropout")
    settings = unlike(view, best, other)
    also = say("all else equal")
    if settings:
        also = say("also different: {settings}", settings=settings)
    told = _difference(view, best, other)
    if told is None:
        return say(
            "With {name} (trial {number}; {also}) the {metric} is {value}.",
            name=name,
            number=other.number,
            also=also,
            metric=view.objective.label,
            value=tell(other.value),
        )
    return say(
        "Against {name} (trial {number}, {accuracy} on the test set; {also}) the difference is "
        "{difference}.",
        name=name,
        number=other.number,
        accuracy=percent(_mean(other)),
        also=also,
        difference=told,
    )


def _of_references(view: StudyView, book: Arm, none: Arm) -> list[str]:
    """Returns the comparison of the book's rates with no dropout, where nothing else differs."""
    told = _difference(view, book, none)
    if told is None:
        return []
    return [
        say(
            "All else equal, the difference of the book's rates (trial {book}, {first} on the test "
            "set) from no dropout (trial {none}, {second}) is {difference}.",
            book=book.number,
            first=percent(_mean(book)),
            none=none.number,
            second=percent(_mean(none)),
            difference=told,
        )
    ]


def _mean(arm: Arm) -> float:
    """Returns the mean test accuracy over the seeds."""
    values = arm.by_seed(ACCURACY).values()
    return sum(values) / len(values)


def _difference(view: StudyView, one: Arm, other: Arm) -> str | None:
    """Returns the difference of the test accuracies and what is known of its noise, if any."""
    a, b = one.by_seed(ACCURACY), other.by_seed(ACCURACY)
    if not a or not b:
        return None
    paired = paired_comparison(a, b, bounds=metric_bounds(ACCURACY))
    if paired is None or paired.difference.n == 1:
        return _of_single_seeds(_mean(one), _mean(other), test_size(view))
    told = say(
        "{points}, paired over n = {n} seeds, p = {p:.3f}",
        points=points(paired.difference),
        n=paired.difference.n,
        p=paired.p,
    )
    if paired.difference.n < FEWEST:
        return told
    return told + verdict(paired.p, paired.difference.n)


def _of_single_seeds(a: float, b: float, size: int | None) -> str:
    if size is None:
        return say(
            "{number:+.1f} points with n = 1 seed each; its uncertainty is not known",
            number=100 * (a - b),
        )
    difference = difference_of_shares(share_estimate(a, size), share_estimate(b, size))
    told = say("{points} over the n = {n:,} test images", points=points(difference), n=size)
    if not difference.excludes(0):
        return told + say(": within the noise of the test images alone")
    return told + say(
        ": beyond the noise of the test images. With n = 1 seed each the noise between seeds is "
        "not known; `dropout-study-confirm` measures it"
    )
