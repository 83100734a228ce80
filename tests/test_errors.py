import math

import pytest

from dropout_study.checks import (
    check_at_least,
    check_fraction,
    check_one_of,
    check_positive,
    check_rate,
)
from dropout_study.errors import DivergedError, UserError, argument_error, did_you_mean


@pytest.mark.parametrize(
    ("check", "good"),
    [
        (check_rate, [0, 0.0, 0.5, math.nextafter(1, 0)]),
        (check_fraction, [0, 0.9, math.nextafter(1, 0)]),
        (check_positive, [1e-300, 1, 1e300]),
    ],
)
def test_a_value_in_range_is_returned(check, good):
    assert [check("key", value) for value in good] == good


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (check_rate, [-0.1, 1, 1.5, math.nan, math.inf]),
        (check_fraction, [-0.1, 1, math.nan]),
        (check_positive, [0, -1, math.nan, math.inf]),
    ],
)
def test_a_value_out_of_range_is_named_with_its_key(check, bad, told):
    for value in bad:
        message = told(check, "group.key", value)
        assert message.startswith("`group.key` must be")
        assert f"got {value}" in message


def test_the_error_of_a_rate_offers_the_way_out(told):
    assert told(check_rate, "model.dropout1", 1.5) == (
        "`model.dropout1` must be in [0, 1), got 1.5; use 0.0 to disable dropout"
    )


def test_at_least_includes_its_bound(told):
    assert check_at_least("trainer.epochs", 1, low=1) == 1
    for value in (0, math.nan, math.inf):
        assert ">= 1" in told(check_at_least, "trainer.epochs", value, low=1)


def test_one_of_lists_the_options(told):
    assert check_one_of("trainer.precision", "b", ["a", "b"]) == "b"
    assert told(check_one_of, "trainer.precision", "c", ["a", "b"]) == (
        "`trainer.precision` must be one of a, b, got 'c'"
    )


@pytest.mark.parametrize(
    ("name", "options", "end"),
    [
        ("dropuot1", ["dropout1", "hidden1"], "; did you mean `dropout1`?"),
        ("xyz", ["mlp", "linear"], "; there is: linear, mlp"),
        ("xyz", [], ""),
    ],
)
def test_did_you_mean_names_the_nearest_or_all(name, options, end):
    assert did_you_mean(name, options) == end


def test_errors_are_one_kind_for_who_catches_them():
    assert issubclass(DivergedError, UserError)
    assert str(argument_error("k", "v", "must be w")) == "`k` must be w, got 'v'"
