from pathlib import Path

import pytest
from fake_study import BOOK, CONFIG, write_study

from dropout_study.report.accounting import Account, account
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study


def account_of(root: Path) -> Account:
    return account(StudyView(load_study(root)))


def test_states_epochs_and_seconds_are_counted(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE", "COMPLETE", "PRUNED", "RUNNING"], params=lambda _: BOOK)

    spent = account_of(tmp_path)

    assert spent.states == {"COMPLETE": 2, "PRUNED": 1, "RUNNING": 1}
    assert spent.epochs == 6 + 6 + 2 + 2
    assert spent.seconds == pytest.approx(0.5 * spent.epochs)


def test_pruning_saves_what_was_planned_and_not_trained(tmp_path: Path) -> None:
    write_study(tmp_path, ["COMPLETE", "PRUNED", "PRUNED"], params=lambda _: BOOK)

    spent = account_of(tmp_path)

    assert spent.saved_epochs == 2 * (6 - 2)
    assert spent.saved_seconds == pytest.approx(0.5 * 8)
    assert spent.saved_share == pytest.approx(8 / (6 + 2 + 2 + 8))


def test_epochs_that_were_not_searched_are_the_configurations(tmp_path: Path) -> None:
    write_study(tmp_path, ["PRUNED"], params=lambda _: {"model.dropout1": 0.1})

    assert account_of(tmp_path).saved_epochs == 6 - 2


def test_without_planned_epochs_the_saving_is_unknown(tmp_path: Path) -> None:
    config = {**CONFIG, "trainer": {}}
    write_study(tmp_path, ["PRUNED"], params=lambda _: {"model.dropout1": 0.1}, config=config)

    assert account_of(tmp_path).saved_epochs is None
    assert account_of(tmp_path).saved_share is None
