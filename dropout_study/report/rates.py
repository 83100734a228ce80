"""What is known of a trial's dropout rates: without dropout, the book's, set by a parameter.

An answer is None where the rates are not all known, so that nothing is said that may be false.
"""

from collections import defaultdict
from collections.abc import Mapping
from math import isclose

from dropout_study.results.rates import Rates

BOOK_RATES = (0.2, 0.5)
"""The article's (Dive into Deep Learning, section 5.6), after its first and second hidden layer."""


def is_without_dropout(rates: Rates) -> bool | None:
    """Returns whether no layer drops anything; a network without noise layers is without too."""
    if any(rate for rate in rates.values() if rate is not None):
        return False
    return None if None in rates.values() else True


def has_book_rates(rates: Rates) -> bool | None:
    """Returns whether the layers that drop something have the article's rates, in its order."""
    known = [rate for rate in rates.values() if rate]
    if not all(any(isclose(rate, book) for book in BOOK_RATES) for rate in known):
        return False
    if None in rates.values():
        return None
    pairs = zip(known, BOOK_RATES, strict=False)
    return len(known) == len(BOOK_RATES) and all(isclose(a, b) for a, b in pairs)


def sets_a_rate(values: Mapping[int, float], rates: Mapping[int, Rates]) -> bool:
    """Returns whether a parameter is the rate of a layer in every trial that has both.

    Two different values at least must agree: one alone may be equal by chance.

    Args:
        values: the parameter by trial number.
        rates: of the trials, by number; those of one network have the same layers.
    """
    both = [number for number in values if number in rates]
    by_network: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number in both:
        by_network[tuple(rates[number])].append(number)
    return len({values[number] for number in both}) > 1 and all(
        any(all(rates[n][layer] == values[n] for n in numbers) for layer in layers)
        for layers, numbers in by_network.items()
    )
