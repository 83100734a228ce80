"""What is known of a trial's dropout rates."""

from pathlib import Path
from typing import Any

import pytest
from fake_study import CONFIG, write_study

from dropout_study.report.view import StudyView
from dropout_study.results.rates import Rates
from dropout_study.results.reference_rates import has_book_rates, is_without_dropout, sets_a_rate
from dropout_study.results.study import load_study


@pytest.mark.parametrize(
    ("rates", "without", "book"),
    [
        ({}, True, False),
        ({"a": 0.0, "b": 0.0}, True, False),
        ({"a": 0.2, "b": 0.5}, False, True),
        ({"a": 0.0, "b": 0.2, "c": 0.5}, False, True),
        ({"a": 0.5, "b": 0.2}, False, False),
        ({"a": 0.2, "b": 0.5, "c": 0.5}, False, False),
        ({"a": 0.2, "b": 0.5, "elsewhere": None}, False, None),
        ({"a": 0.3, "elsewhere": None}, False, False),
        ({"a": 0.0, "elsewhere": None}, None, None),
    ],
)
def test_a_network_has_the_rates_of_its_layers(
    rates: Rates, without: bool | None, book: bool | None
) -> None:
    assert (is_without_dropout(rates), has_book_rates(rates)) == (without, book)


def test_a_parameter_is_a_rate_where_a_layer_follows_it() -> None:
    rates: dict[int, Rates] = {0: {"x": 0.1, "y": 0.3}, 1: {"x": 0.2, "y": 0.3}, 2: {"z": 0.4}}

    assert sets_a_rate({0: 0.1, 1: 0.2}, rates)
    assert sets_a_rate({0: 0.1, 1: 0.2, 2: 0.4}, rates)  # of two networks, each with its layer
    assert not sets_a_rate({0: 0.1, 1: 0.2, 2: 0.5}, rates)
    assert not sets_a_rate({0: 0.3, 1: 0.3}, rates)  # one value may be equal by chance
    assert not sets_a_rate({0: 0.1, 1: 0.3}, rates)
    assert not sets_a_rate({7: 0.1, 8: 0.2}, rates)


def view_of(root: Path, names: list[str], params: Any) -> StudyView:
    """Returns a study whose networks' layers have the rates that ``params`` names p and q."""
    callback = {"callbacks": {"report": {"rates": names}}}
    hydra = {**CONFIG["hydra"], **callback}
    settings = {"model": {}, "hydra": hydra, "trainer": {"epochs": 6}}
    return StudyView(load_study(write_study(root, ["COMPLETE"] * 3, params, settings)))


def test_a_name_with_dropout_in_it_is_no_rate_for_that(tmp_path: Path) -> None:
    view = view_of(tmp_path, [], lambda n: {"model.dropout_kind": "ab"[n % 2], "model.p": n / 10})

    assert view.rate_params == []


def test_named_settings_are_the_rates_of_the_trials_that_have_them(tmp_path: Path) -> None:
    view = view_of(tmp_path, ["model.p", "model.q"], lambda n: {"model.p": n / 10, "model.q": 0.0})

    assert view.rate_params == ["model.p"]
    assert view.rates.by_trial[1] == {"model.p": 0.1, "model.q": 0.0}
    assert view.no_dropout is not None
    assert view.no_dropout.number == 0
