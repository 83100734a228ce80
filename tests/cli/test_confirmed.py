"""What ``dropout-study-confirm`` prints."""

import pandas as pd
from fake_study import write_study

from dropout_study.cli.confirmed import print_confirmation
from dropout_study.confirmation.runs import Pace


def test_differences_are_printed_with_their_intervals(tmp_path, capsys):
    write_study(tmp_path)
    nan = float("nan")
    row = {"metric": "test_accuracy", "trained_on": "train", "n": 10, "diverged": 0, "failed": 0}
    minus = {"minus_book": 0.02, "minus_book_low": 0.01, "minus_book_high": 0.03}
    rows = [
        {"configuration": "trial_3", **row, "mean": 0.84, "low": 0.83, "high": 0.85, **minus},
        {"configuration": "book", **row, "mean": 0.82, "low": 0.81, "high": 0.83},
        {"configuration": "twin", **row, "mean": 0.82, "low": 0.81, "high": 0.83, "minus_book": 0},
    ]
    table = pd.DataFrame(rows).assign(minus_book_n=10, minus_book_p=nan, minus_book_p_holm=nan)
    print_confirmation(tmp_path, table, tmp_path / "a report.html")
    out = capsys.readouterr().out
    assert "trial_3        10  0.8400 [0.8300, 0.8500]  +0.0200 [+0.0100, +0.0300]\n" in out
    assert "book           10  0.8200 [0.8100, 0.8300]\n" in out
    assert "twin           10  0.8200 [0.8100, 0.8300]  +0.0000\n" in out
    assert "a report.html'\n" in out
    assert "brackets are 95 % intervals\n" in out

    print_confirmation(tmp_path, table.assign(differences=2), tmp_path / "report.html")
    told = "brackets are 95 % intervals, those of the 2 differences simultaneous\n"
    assert told in capsys.readouterr().out


def test_two_seeds_are_printed_without_intervals(tmp_path, capsys):
    write_study(tmp_path)
    nan = float("nan")
    row = {"metric": "test_accuracy", "trained_on": "train", "n": 2, "diverged": 0, "failed": 0}
    row |= {"configuration": "trial_3", "mean": 0.84, "low": nan, "high": nan}
    print_confirmation(tmp_path, pd.DataFrame([row]), tmp_path / "report.html")
    out = capsys.readouterr().out
    assert "brackets are 95 % intervals (none with fewer than 3 seeds)\n" in out
    assert out.count("0.8400\n") == 1  # no bracket follows


def test_runs_are_counted_and_the_time_left_is_told():
    now = [0.0]
    pace = Pace(4, lambda: now[0])
    told = []
    for now[0] in (10.0, 20.0, 60.0, 80.0):
        told.append(pace.ended())
    assert told == [
        *("1/4 runs, about 0:00:30 left", "2/4 runs, about 0:00:20 left"),
        *("3/4 runs, about 0:00:20 left", "4/4 runs"),
    ]
