from pathlib import Path

import pandas as pd
import pytest
from command_line import SMALL, run_command

from dropout_study.cli.gain import gain
from dropout_study.cli.train import main
from dropout_study.report.headline import headline
from dropout_study.report.view import StudyView
from dropout_study.results.study import load_study

SEARCH = ("search_space.n_trials=2", "hydra.sweeper.n_jobs=0")


@pytest.mark.slow  # two sweeps in processes of their own
def test_the_best_with_and_without_dropout_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    ended = run_command(gain, [*SMALL, *SEARCH, "--seeds", "2"], capfd)

    assert ended.code == 0, ended.err
    assert "against no dropout" in ended.out
    searched, without = (
        pd.read_csv(f"outputs/dropout{end}/results.csv") for end in ("", "_no_dropout")
    )
    assert len(searched) == len(without) == 2
    assert (searched["model.dropout2"] > 0).any()
    assert (without[["model.dropout1", "model.dropout2"]] == 0).all(axis=None)
    assert without["optimizer.lr"].nunique() == 2  # the given points, each once
    table = pd.read_csv("outputs/dropout/confirmation.csv")
    assert table["configuration"].tolist()[1:] == ["no_dropout", "null_check"]
    assert table["minus_no_dropout_n"].tolist() == [2, 0, 2]
    told = headline(StudyView(load_study(Path("outputs/dropout"))))
    assert "against no dropout" in told[0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["hydra.sweep.dir=x"], "use search_space.study_name=NAME"),
        (["--seeds", "1"], "--seeds"),
    ],
)
def test_what_cannot_be_given_is_refused_in_one_line(
    words: list[str], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = run_command(gain, words, capfd)

    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert told in ended.err


BY = ("--multirun", "hydra/sweeper=basic", "hydra.sweep.dir=grid", "confirmation=by")
SEEDS = "hydra.callbacks.confirmation.seeds"


def test_a_sweep_can_end_with_its_confirmation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [*BY, *SMALL, "model.dropout1=0,0.5", f"{SEEDS}=2"]

    ended = run_command(main, [*words, "hydra.callbacks.confirmation.by=[model.dropout1]"], capfd)

    assert ended.code == 0, ended.err
    table = pd.read_csv("grid/confirmation.csv")
    assert table["configuration"].tolist() == ["dropout1=0", "dropout1=0.5", "null_check"]
    assert set(table["trained_on"]) == {"train"}
    assert "Report with the confirmation: grid/report.html" in ended.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "`hydra.callbacks.confirmation.by` is empty"),
        (["hydra.callbacks.confirmation.by=[model.dropout1]", f"{SEEDS}=1"], SEEDS),
    ],
)
def test_a_confirmation_that_cannot_be_made_ends_the_sweep_before_it_begins(
    words: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    ended = run_command(main, [*BY, *SMALL, "model.dropout1=0,0.5", *words], capfd)

    assert ended.code == 1
    assert told in ended.err
    assert not list(tmp_path.rglob("metrics.json"))
