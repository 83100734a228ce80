"""The headline: the best trial, its comparison with the references, and the uncertainty."""

from dropout_study.report.against import against, test_size
from dropout_study.report.amounts import amount, interval, percent
from dropout_study.report.confirmed import confirmed_sentences
from dropout_study.report.figures.importances import parameter_importances
from dropout_study.report.language import many, say
from dropout_study.report.likely_best import likely_best_sentences
from dropout_study.report.objective import NotEnoughError
from dropout_study.report.view import Arm, StudyView, short
from dropout_study.results.rates import Rates
from dropout_study.results.reference_rates import BOOK_RATES, has_book_rates, is_without_dropout
from dropout_study.stats import Estimate, mean_estimate, share_estimate
from dropout_study.trial import metric_bounds

MOST_TOLD = 20
"""Trials of a Pareto front that are named."""
MATTERED = 3
"""Parameters that are named as those that mattered most."""


def headline(view: StudyView) -> list[str]:
    """Returns the result of the study as a list of sentences.

    If there is a confirmation, it gives the comparisons, because the numbers of the search are
    biased by selection. Without it, the interval of a configuration with several seeds is over its
    seeds. With one seed it is over the test images only, and the sentence says that the noise
    between seeds is not known. A comparison names all that differs between the two.
    """
    best = view.best
    if front := view.objective.front:
        return _several_objectives(view, front)
    if best is None:
        states = view.trials["state"].value_counts()
        told = ", ".join(f"{count} {state}" for state, count in states.items())
        nothing = "No trial is complete ({states}), so there is nothing to conclude yet."
        return [say(nothing, states=told)]
    confirmed = confirmed_sentences(view)
    return [
        *confirmed,
        _best_sentence(view, best),
        *against(view, best, view.tables.confirmation if confirmed else None),
        *_not_tried(view),
        *_mattered(view),
        *_optimistic(view),
        *likely_best_sentences(view),
    ]


def _several_objectives(view: StudyView, front: list[int]) -> list[str]:
    numbers = ", ".join(map(str, front[:MOST_TOLD])) + (", ..." if len(front) > MOST_TOLD else "")
    return [
        say(
            "The study has several objectives ({names}), so no trial is the best in all of them. "
            "The Pareto-optimal trials: {numbers}.",
            names=", ".join(view.objective.names),
            numbers=numbers,
        ),
        say("The figures that need one objective are left out."),
    ]


def _best_sentence(view: StudyView, best: Arm) -> str:
    settings = view.describe(best.number)
    start = many(
        len(view.complete),
        "Best of {count} complete trial by {metric}: trial {number}{settings}, "
        "{metric} {value}{epochs}",
        "Best of {count} complete trials by {metric}: trial {number}{settings}, "
        "{metric} {value}{epochs}",
        metric=view.objective.label,
        number=best.number,
        settings=f" ({settings})" if settings else "",
        value=amount(best.value, view.objective.name),
        epochs=_epochs_of(view),
    )
    tests = list(best.by_seed("test_accuracy").values())
    if not tests:
        return start + say(".")
    estimate, over = _estimate(view, tests)
    return start + say(
        "; test accuracy {accuracy} ({interval}).",
        accuracy=percent(estimate.mean),
        interval=interval(estimate, over),
    )


def _epochs_of(view: StudyView) -> str:
    """Returns from which epochs the value is taken, or an empty text if it is not known."""
    kind, _, count = view.objective.epochs.rpartition("_")
    if kind == "mean_last":
        return say(" as the mean of its last {count} epochs", count=count)
    if view.objective.epochs == "last":
        return say(" after the last epoch")
    if view.objective.epochs == "best_epoch":
        return say(" at its best epoch, chosen by the same metric")
    return ""


def _estimate(view: StudyView, tests: list[float]) -> tuple[Estimate, str]:
    """Returns the estimate of a test accuracy, and the words for what its interval is over."""
    if len(tests) > 1:
        estimate = mean_estimate(tests, bounds=metric_bounds("test_accuracy"))
        return estimate, say("n = {n} seeds", n=len(tests))
    size = test_size(view)
    if size is None:
        nan = float("nan")
        return Estimate(tests[0], nan, nan, nan, 1), say("n = 1 seed")
    over = say("over the n = {n:,} test images, 1 seed", n=size)
    return share_estimate(tests[0], size), over


def _mattered(view: StudyView) -> list[str]:
    """Returns a sentence on the parameters that the objective depended on most, if known."""
    try:
        shares = parameter_importances(view, view.objective.targets[0])
    except NotEnoughError:
        return []
    told = [f"{short(name)} {share:.2f}" for name, share in [*shares.items()][:MATTERED]]
    sentence = say(
        "Of the searched parameters {name} mattered most; the shares of importance: {shares}.",
        name=short(next(iter(shares))),
        shares=", ".join(told),
    )
    rates = [shares[name] for name in view.rate_params if name in shares]
    if not rates:
        return [sentence]
    together = say("The dropout rates together have {share:.2f}.", share=sum(rates))
    return [sentence + say(" ") + together]


def _optimistic(view: StudyView) -> list[str]:
    if len(view.complete) < 2:
        return []
    lowest = say(
        "The best {metric} is the lowest of {n} values, so it is optimistic. "
        "No test metric was used for selection.",
        metric=view.objective.label,
        n=len(view.complete),
    )
    highest = say(
        "The best {metric} is the highest of {n} values, so it is optimistic. "
        "No test metric was used for selection.",
        metric=view.objective.label,
        n=len(view.complete),
    )
    return [lowest if view.objective.minimize else highest]


def _not_tried(view: StudyView) -> list[str]:
    """Returns a sentence for each reference that is known to be absent from the trials."""
    rates = [view.rates.by_trial.get(int(number)) for number in view.same_network["trial"]]
    known = [each for each in rates if each is not None]
    if not known:  # the task of another application, or the records are lost
        return []
    if not any(known) and len(known) == len(rates):
        return [say("The network has no dropout layer.")]
    whose = say(" of the best trial's network") if "model" in view.params else ""
    sentences: list[str] = []
    if view.book is None and all(each is not None and _lacks_book_rates(each) for each in rates):
        told = "No complete trial{whose} has the book's dropout rates (0.2, 0.5)."
        sentences.append(say(told, whose=whose))
    if view.no_dropout is None and all(each is not None and _has_dropout(each) for each in rates):
        sentences.append(say("No complete trial{whose} is without dropout.", whose=whose))
    unknown = sum(each is None or None in each.values() for each in rates)
    if unknown:
        sentences.append(
            many(
                unknown,
                "Not all dropout rates of {count} complete trial{whose} are known from the layers "
                "of the network. {way_out}",
                "Not all dropout rates of {count} complete trials{whose} are known from the layers "
                "of the network. {way_out}",
                whose=whose,
                way_out=say(
                    "Name the settings that are dropout rates with "
                    "`'hydra.callbacks.report.rates=[KEY]'`."
                ),
            )
        )
    return sentences


def _lacks_book_rates(rates: Rates) -> bool:
    """Returns whether a network with room for the book's two rates is known to have others."""
    return len(rates) >= len(BOOK_RATES) and has_book_rates(rates) is False


def _has_dropout(rates: Rates) -> bool:
    return is_without_dropout(rates) is False
