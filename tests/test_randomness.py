import itertools

import pytest

from dropout_study.randomness import draw_key


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ((0, "init"), 1517730083120643384),
        ((0, "noise", 1, 2, 3), 8758181680603370650),
        ((-7, "order", 0), 579456871476734672),
    ],
)
def test_a_key_never_changes(arguments, key):
    """A trial is re-run from its row: these numbers stay, whatever the machine or version."""
    assert draw_key(*arguments) == key


def test_keys_are_distinct_and_fit_a_generators_seed():
    keys = [
        draw_key(seed, purpose, *position)
        for seed in (0, 1, 11)
        for purpose in ("init", "order", "noise")
        for length in range(4)
        for position in itertools.product((0, 1, 11), repeat=length)
    ]
    assert len(set(keys)) == len(keys)
    assert all(0 <= key < 2**63 for key in keys)
