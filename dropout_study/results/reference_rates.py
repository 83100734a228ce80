"""Questions about a trial's dropout rates: is it without dropout, has it the book's rates?

The answer is None if it depends on rates that are not known. The report is silent then.
"""

from collections import defaultdict
from collections.abc import Mapping
from math import isclose

from dropout_study.results.rates import Rates

BOOK_RATES = (0.2, 0.5)
"""Rates after the first and second hidden layer in *Dive into Deep Learning*, section 5.6."""


def is_without_dropout(rates: Rates) -> bool | None:
    """Returns whether all rates are 0. This is also true of a network without noise layers."""
    if any(rate for rate in rates.values() if rate is not None):
        return False
    return None if None in rates.values() else True


def has_book_rates(rates: Rates) -> bool | None:
    """Returns whether the layers with a rate above 0 have the book's rates, in the same order."""
    known = [rate for rate in rates.values() if rate]
    if not all(any(isclose(rate, book) for book in BOOK_RATES) for rate in known):
        return False
    if None in rates.values():
        return None
    pairs = zip(known, BOOK_RATES, strict=False)
    return len(known) == len(BOOK_RATES) and all(isclose(a, b) for a, b in pairs)


def sets_a_rate(values: Mapping[int, float], rates: Mapping[int, Rates]) -> bool:
    """Returns whether a parameter equals the rate of one layer in every trial that has both.

    At least two different values must agree, because one value may be equal by chance.

    Args:
        values: trial number -> value of the parameter.
        rates: trial number -> rates; trials with the same layers are of the same network.
    """
    both = [number for number in values if number in rates]
    by_network: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number in both:
        by_network[tuple(rates[number])].append(number)
    return len({values[number] for number in both}) > 1 and all(
        any(all(rates[n][layer] == values[n] for n in numbers) for layer in layers)
        for layers, numbers in by_network.items()
    )
