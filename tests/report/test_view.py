from pathlib import Path
from typing import Any

import pytest
from fake_study import BOOK, CONFIG, sampled, write_study

from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study

MINIMIZE = {**CONFIG, "hydra": {"sweeper": {"direction": "minimize"}}}


def view_of(root: Path, *states: str, **settings: Any) -> StudyView:
    return StudyView(load_study(write_study(root, states or ("COMPLETE",) * 12, **settings)))


def test_the_best_trial_is_the_best_by_validation_among_the_complete(tmp_path: Path) -> None:
    view = view_of(tmp_path, *["COMPLETE"] * 4, "PRUNED", "FAIL", "RUNNING")

    assert view.best is not None
    assert view.best.value == view.complete["val_accuracy"].max()
    assert sorted(view.complete["trial"]) == [0, 1, 2, 3]


def test_the_smallest_value_is_the_best_where_the_study_minimizes(tmp_path: Path) -> None:
    view = view_of(tmp_path, config=MINIMIZE)

    assert view.best is not None
    assert view.best.value == view.complete["value"].min()


def test_a_setting_that_only_some_trials_have_tells_configurations_apart(tmp_path: Path) -> None:
    """As in a study of given points, one of which leaves a key as it is."""
    given = {"model.dropout1": 0.1}
    view = view_of(
        tmp_path, *["COMPLETE"] * 2, params=lambda n: given if n else {**given, "optimizer.lr": 0.1}
    )

    one, other = view.top(2)
    assert view.differing(one, other) == ["optimizer.lr"]
    assert view.params == []


def test_the_references_are_found_by_their_rates(tmp_path: Path) -> None:
    view = view_of(tmp_path)

    assert view.book is not None
    assert view.no_dropout is not None
    assert (view.book.number, view.no_dropout.number) == (0, 1)


def test_rates_that_were_not_searched_are_the_configurations(tmp_path: Path) -> None:
    view = view_of(tmp_path, params=lambda n: {"model.dropout1": n / 10})

    assert view.book is not None
    assert view.book.number == 2  # dropout2 is 0.5 in the configuration
    assert view.no_dropout is None


def test_a_third_rate_makes_it_not_the_books(tmp_path: Path) -> None:
    config = {**CONFIG, "model": {"dropout1": 0.2, "dropout2": 0.5, "input_dropout": 0.1}}

    assert view_of(tmp_path, config=config).book is None


def test_trials_that_differ_in_their_seed_alone_are_one_arm(tmp_path: Path) -> None:
    view = view_of(
        tmp_path,
        *["COMPLETE"] * 6,
        params=lambda n: {"model.dropout1": n // 3 / 10, "trainer.seed": n % 3},
        seeds=lambda n: n % 3,
    )

    assert view.params == ["model.dropout1"]
    assert view.best is not None
    assert sorted(view.best.by_seed("test_accuracy")) == [0, 1, 2]
    assert view.best.value == pytest.approx(
        view.complete.groupby("model.dropout1")["value"].mean().max()
    )


def test_searched_parameters_are_those_that_differ(tmp_path: Path) -> None:
    view = view_of(tmp_path, params=lambda n: {**sampled(n), "model.act": "relu"})

    assert view.params == list(BOOK)
    assert view.log_params == {"optimizer.lr"}


def test_a_choice_of_texts_or_truths_is_no_number(tmp_path: Path) -> None:
    view = view_of(
        tmp_path,
        params=lambda n: {"model.act": ["relu", "tanh"][n % 2], "optimizer.nesterov": n % 3 == 0},
    )

    assert view.params == ["model.act", "optimizer.nesterov"]
    assert view.numeric_params == []


def test_a_study_without_a_complete_trial_has_no_best(tmp_path: Path) -> None:
    view = view_of(tmp_path, "FAIL", "PRUNED", "RUNNING")

    assert view.best is None
    assert view.arms == []
